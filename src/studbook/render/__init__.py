"""Reports as text for people and machines: pure functions `Report → str`, one module each."""
