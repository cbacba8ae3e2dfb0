"""Questions about a registry and their answers: pure values that the renderers print. One module per question."""
