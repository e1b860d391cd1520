"""The keys of a log message in JSON, in their order: in log files, `dora logs --json`, consoles."""

LOG_LINE_KEYS = [
    "build_id",
    "dataflow_id",
    "node_id",
    "daemon_id",
    "level",
    "target",
    "module_path",
    "file",
    "line",
    "message",
    "timestamp",
    "fields",
]
