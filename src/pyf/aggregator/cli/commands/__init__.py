"""The click commands of `pyf`: their options and help texts. Importing them is cheap."""
