"""Why a record is in quarantine, why a post has no label, what became of a record: closed lists."""

from enum import StrEnum

RULE_VERSION = 3  # raise it when a rule changes its verdict on some record


class Reason(StrEnum):
    """The code in quarantine.posts.reason; the comment says what was wrong."""

    # stage "decode": bytes → JSON object
    NULL_VALUE = "null_value"  # no value at all (a Kafka tombstone)
    EMPTY_VALUE = "empty_value"  # zero bytes or white space
    PAYLOAD_DAMAGED = "payload_damaged"  # at rest: not what was encrypted at these coordinates
    RECORD_TOO_LARGE = (
        "record_too_large"  # over the limit of one record, after compression is undone
    )
    NOT_UTF8 = "not_utf8"
    MALFORMED_JSON = "malformed_json"  # truncated, or not JSON
    NUMBER_OUT_OF_RANGE = "number_out_of_range"  # NaN, infinity, or more than a double holds
    NOT_AN_OBJECT = "not_an_object"  # JSON, but an array, a string, …
    DUPLICATE_FIELD = "duplicate_field"  # one key twice in an object
    TOO_DEEP = "too_deep"  # nested deeper than any parser should follow

    # stage "validate": object → event
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version"
    UNKNOWN_OP = "unknown_op"
    UNKNOWN_PLATFORM = "unknown_platform"
    MISSING_ID = "missing_id"  # no post_id, or empty
    MISSING_FIELD = "missing_field"  # any other required field
    WRONG_TYPE = "wrong_type"  # a field has another JSON type than the schema's
    INVALID_VALUE = "invalid_value"  # right type, impossible value
    WRONG_TOPIC = "wrong_topic"  # the payload's platform or op does not belong on this topic
    MISSING_POST_KEY_HEADER = "missing_post_key_header"
    # another one that the payload asks for; also one that is not UTF-8, or no date
    MISSING_HEADER = "missing_header"
    HEADER_MISMATCH = "header_mismatch"  # a header contradicts the payload
    # a pseudonym without what it stands for, or the other way round, or of another key
    KEY_MISMATCH = "key_mismatch"
    UNKNOWN_KEY_ID = "unknown_key_id"  # pseudonyms were made under another key
    CREATED_IN_FUTURE = "created_in_future"  # more than a day after it was observed
    CREATED_BEFORE_1990 = "created_before_1990"  # 1970 and the like: a default gone wrong
    CREATED_IN_WRONG_UNIT = (
        "created_in_wrong_unit"  # believable if it were seconds, milliseconds or nanoseconds
    )
    OBSERVED_OUT_OF_RANGE = (
        "observed_out_of_range"  # before the platform existed, or after Kafka had it
    )
    DAY_OUT_OF_RANGE = "day_out_of_range"  # before the platform existed, or after it was observed
    VERSION_OUT_OF_RANGE = "version_out_of_range"  # after it was observed
    TEXT_TOO_LONG = "text_too_long"
    UNSTORABLE_TEXT = "unstorable_text"  # lone surrogates
    # NUL and the like in a name; title and text are cleaned of them instead
    CONTROL_CHARACTER = "control_character"

    # stage "map": the producer could not map the platform's payload
    UNMAPPABLE = "unmappable"

    # stage "refine": the gate is closed when removal of personal data fails
    SANITIZER_FAILED = "sanitizer_failed"
    ANALYSIS_FAILED = "analysis_failed"  # language, key phrases or emoji
    SCORER_FAILED = "scorer_failed"


class Unscored(StrEnum):
    """The code in silver.posts.sentiment.reason: why a live post has no label."""

    NO_TEXT = "no_text"
    LANGUAGE = "language"  # one that the scorer does not know
    ABSTAINED = "abstained"  # the scorer is less sure than the settings ask for


class Fate(StrEnum):
    """What became of a record: each is counted in exactly one."""

    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"
    DUPLICATE = "duplicate"
    STALE = "stale"
    SUPPRESSED = "suppressed"
    QUARANTINED = "quarantined"
