"""What the office does with a session: overrule, tasks, incidents, a later end, calls. Being written."""
