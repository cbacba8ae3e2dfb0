"""What the files of a registry are: paths and names, and one pydantic model per kind of file.

The models say what JSON Schema can say too, so that an editor and the validator agree; what goes beyond (a date that does
not exist, two artifacts of one name) is `semantic()` of each record.
"""

CONVENTION = 1
"""The convention that this package writes and judges by."""
