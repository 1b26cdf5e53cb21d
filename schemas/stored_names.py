"""Name what lakes and homes store: older lakes are read by these names, so no value ever changes.

Columns and partitions stand in `schemas/tables.py`, codes of reasons in `schemas/reasons.py`.
tests/unit/schemas/test_stored_names.py repeats every value literally.
"""

# Table properties. The last one is a prefix: field and platform follow.
CHECKPOINT_PROPERTY = "echostream.checkpoint"  # of a job's first table
KEY_PROPERTY = "echostream.key_id"  # of silver.posts: the key in use, or that of a begun rotation
FORMER_KEYS_PROPERTY = "echostream.former_key_ids"  # of bronze.posts: keys of records still to come
EXPIRED_PROPERTY = "echostream.expired."  # of silver.posts

# Keys of commit metadata.
SILVER_VERSION = "silver_version"  # of Gold: the version of Silver that it equals; also in `what`
ERASED = "erased"  # rows by erasure
EXPIRY = "expiry"  # of commits that delete expired rows or fields
PURGE = "purge"  # of commits that rewrite files and change no row
REPLAY_BATCH = "replay_batch"  # of the commit in quarantine.posts that ends a replay's batch
REKEYED_TO = "key_id"  # of the commit that rekeyed a table

# Steps of transaction ids, `<checkpoint id>:<step>`; Gold's steps are its tables' names.
APPEND_STEP = "append"
OPS_STEP = "ops"
TOMBSTONES_STEP = "tombstones"
MERGE_STEP = "merge"
QUARANTINE_STEP = "quarantine"
# Transaction ids that do not begin with a checkpoint's id.
ERASURES_TXN = "erasures"
PRODUCERS_TXN = "producers"

# Jobs other than streams, as transaction ids, ops.batches and crash points name them.
REPLAY_QUARANTINE_JOB = "replay_quarantine"
RETAIN_JOB = "retain"
REBUILD_SILVER_JOB = "rebuild_silver"
REBUILD_GOLD_JOB = "rebuild_gold"
RESCORE_JOB = "rescore"
ROTATE_KEYS_JOB = "rotate_keys"

# Values in the ledger of erasures, ops.erasures.
ADMITTED = "admitted"
REMOVED = "removed"
VACUUMED = "vacuumed"
REQUEST_CAUSE = "request"
PLATFORM_CAUSE = "platform"
EXPIRY_CAUSE = "expiry"
PRODUCERS_TABLE = "producers."  # followed by the platform
WHAT_TARGETS = "targets"
WHAT_TOMBSTONES = "tombstones"
WHAT_AUTHORS = "authors"
WHAT_POSTS = "posts"

# Crash points, which fault tests name; a step's, a table's or a property's name may follow.
BEFORE = "before_"
BEFORE_ENTOMBING = "before_entombing"
BEFORE_ADMITTING = "before_admitting"
BEFORE_SETTLING = "before_settling"
BEFORE_ERASING = "before_erasing_"
AFTER_ERASING = "after_erasing_"
AFTER_PURGING = "after_purging_"
AFTER_VACUUMING = "after_vacuuming_"
BEFORE_POSTS = "before_posts"
BEFORE_FIELDS = "before_fields"
BEFORE_PROPERTY_OF = "before_property_of_"
BEFORE_MERGE = "before_merge"
BEFORE_SWAP = "before_swap"
AFTER_SWAP = "after_swap"
AFTER_LAST = "after_last"

# Folders and files beside the tables.
ERASURES_FOLDER = "_erasures"
REQUESTS_FOLDER = "requests"
GRAVES_FOLDER = "graves"
DONE_FOLDER = "done"
CHECKPOINTS_FOLDER_ON_S3 = "_checkpoints"
LEASE_FILE = "_writer.lock"

# Folders and files of a home.
RUN_FOLDER = "run"
CHECKPOINTS_FOLDER = "checkpoints"
LAST_RUN_SUFFIX = ".since"
ENFORCED_FILE = "-retained"  # after a job's name
EXPIRED_FILE = "-expired"  # after a table's name

# A checkpoint's folder, and the files in it that are not Spark's.
CHECKPOINT_VERSION = "v1"
MARKS_FILE = "marks.json"
TOPICS_FILE = "topics.json"
RESET_FILE = "reset.json"
RESET_REPLACES = "replaces"
RESET_STARTING_OFFSETS = "starting_offsets"
RESET_STARTING_VERSION = "starting_version"
