"""The HTTP faces: `/v1` and `/v2`, the control API below `/_emulator`, and the pages."""
