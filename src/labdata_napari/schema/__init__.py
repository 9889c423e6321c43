"""The lab's tables as templates that a connection binds."""
