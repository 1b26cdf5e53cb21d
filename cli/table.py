"""All commands, by the panel that `echostream --help` shows them in."""

from collections.abc import Iterator

from typer.core import TyperCommand, TyperGroup

from cli.lazy import Command, LazyCommand, group

_STACK = "Local stack"
_TO_GOLD = "Kafka to Gold"
_SERVICES = "Services"

COMMANDS: dict[str, tuple[Command, ...]] = {
    _STACK: (
        Command(
            "up", "stack:up", "Start the local stack: a Kafka broker, its topics and the keys."
        ),
        Command("down", "stack:down", "Stop the local stack; all data stays."),
        Command("status", "stack:status", "Show how far each topic and each job is."),
        Command("history", "history:history", "Serve Spark's history server for earlier runs."),
        Command(
            "doctor",
            "doctor:doctor",
            "Check this machine, and what reading each platform live still lacks.",
        ),
    ),
    "Posts into Kafka": (
        Command("replay", "replay:replay", "Send recorded payloads of a platform to its topic."),
        Command("generate", "generate:generate", "Send generated posts of all platforms."),
        Command("ingest", "ingest:ingest", "Read a platform live, with its edits and deletes."),
        Command("sweep", "ingest:sweep", "Read sent posts again, to find their edits and deletes."),
        Command(
            "fetch",
            "ingest:fetch",
            "Write past posts of a platform to landing files; send nothing.",
        ),
        Command("load", "ingest:load", "Send the landing files of `fetch` that are not sent yet."),
        Command(
            "receive", "receive:receive", "Send the items of POST /v1/ingest; `serve` starts it."
        ),
        Command("simulate", "simulate:simulate", "Serve a simulated platform until stopped."),
        Command(
            "ledger", "ledger:ledger", "Show when each source was read completely, and its gaps."
        ),
    ),
    _TO_GOLD: (Command("run", "run:run", "Run the streaming jobs, until stopped."),),
    "Tables, while the streams are stopped": (
        Command("rebuild", "tables:rebuild", "Rebuild Silver from Bronze, or Gold from Silver."),
        Command(
            "replay-quarantine",
            "tables:replay_quarantine",
            "Apply today's rules to records that older rules quarantined.",
        ),
        Command("compact", "tables:compact", "Merge small files and delete unused ones."),
        Command(
            "enforce-retention",
            "enforce_retention:enforce_retention",
            "Delete data past its retention period, in every layer.",
        ),
        Command(
            "retain",
            "enforce_retention:enforce_retention",
            "Delete data past its retention period, in every layer.",
            replaced_by="enforce-retention",
        ),
        Command("rescore", "rescore:rescore", "Score all posts again after a change of scorer."),
    ),
    "Deletion": (
        Command("erase", "erase:erase", "Erase an author or a post from every table, for ever."),
        Command("receipts", "receipts:receipts", "Show the receipt of each erasure."),
        Command(
            "verify-erasure",
            "verify_erasure:verify_erasure",
            "Search every stored byte for texts that must be deleted.",
        ),
    ),
    "Questions": (
        Command("sql", "sql:sql", "Query the lake with DuckDB's SQL.", takes_text=True),
        Command(
            "payload", "payload:payload", "Write one raw payload of Bronze, personal data included."
        ),
        Command("scrub", "scrub:scrub", "Remove personal data from standard input."),
    ),
    _SERVICES: (
        Command("serve", "serve:serve", "Serve the HTTP API, until stopped."),
        Command("worker", "worker:worker", "Score the jobs of the API; `serve` starts it."),
        Command("dashboard", "dashboard:dashboard", "Serve the dashboard, until stopped."),
    ),
    "Rights of persons": (
        Command("export", "export:export", "Write all data about a person as JSON."),
        Command("ropa", "ropa:ropa", "Write the record of processing (GDPR Art. 30)."),
    ),
    "Sentiment": (
        Command("score", "score:score", "Score the sentiment of a text, or of a file's rows."),
        Command("train", "train:train", "Train the scorer `linear` on labelled texts."),
        Command("calibrate", "calibrate:calibrate", "Fit a scorer's confidence to labelled texts."),
    ),
}
KEYS = (
    Command("show", "keys:show", "Show the fingerprint of each key, and where the key is."),
    Command("new", "keys:new", "Make a key in a new file."),
    Command("next", "keys:next_version", "Add a key of the next version to a file."),
    Command("rotate", "rotate_keys:rotate", "Bring the lake to a new pseudonym key."),
)
API_KEYS = (
    Command("create", "api_keys:create", "Make an API key; it is shown once."),
    Command("list", "api_keys:list_", "Show all API keys, without their secrets."),
    Command("revoke", "api_keys:revoke", "Revoke an API key."),
)
CHECKPOINT = (
    Command(
        "show", "checkpoint:show", "Show where each job stands, and whether its checkpoint fits."
    ),
    Command("reset", "checkpoint:reset", "Begin a new checkpoint where the job's table ends."),
)


def commands() -> Iterator[TyperCommand | TyperGroup]:
    """Yield each command and each group, in the order of the list."""
    for panel, listed in COMMANDS.items():
        for command in listed:
            yield LazyCommand(command, panel)
        if panel == _STACK:
            yield group("keys", "Show, make and rotate the keys.", panel, KEYS)
        if panel == _SERVICES:
            yield group("api-keys", "Make, show and revoke keys of the API.", panel, API_KEYS)
        if panel == _TO_GOLD:
            yield group("checkpoint", "Show or reset the jobs' checkpoints.", panel, CHECKPOINT)
