"""The `python` verb: functions of the project's actions/ folder, marked with `@payloom.step`."""
