"""List the reasons of quarantine, the reasons of posts without a label, and the fates of records.

The comment of a code is its meaning, which `make reference` writes into docs/reference/reasons.md.
"""

from enum import StrEnum

RULE_VERSION = 3  # raise it when a rule changes its verdict on some record


class Reason(StrEnum):
    """The code in quarantine.posts.reason."""

    # stage "decode": bytes → JSON object
    NULL_VALUE = "null_value"  # the record has no value: a Kafka tombstone
    EMPTY_VALUE = "empty_value"  # the value is empty or white space
    # the stored payload is damaged, or was encrypted at other coordinates
    PAYLOAD_DAMAGED = "payload_damaged"
    RECORD_TOO_LARGE = "record_too_large"  # the record is over the limit after decompression
    NOT_UTF8 = "not_utf8"  # the value is not UTF-8
    MALFORMED_JSON = "malformed_json"  # the value is cut off, or is not JSON
    # a number is NaN, infinite, or more than a double holds
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    NOT_AN_OBJECT = "not_an_object"  # the JSON is an array, a string or a number
    DUPLICATE_FIELD = "duplicate_field"  # an object has a key twice
    TOO_DEEP = "too_deep"  # the JSON is nested deeper than a parser should follow

    # stage "validate": object → event

    # the event has a schema version that this release does not know
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version"
    UNKNOWN_OP = "unknown_op"  # `op` is none of the known operations
    UNKNOWN_PLATFORM = "unknown_platform"  # no policy names the platform
    MISSING_ID = "missing_id"  # `post_id` is missing or empty
    MISSING_FIELD = "missing_field"  # another required field is missing
    WRONG_TYPE = "wrong_type"  # a field has another JSON type than the schema's
    INVALID_VALUE = "invalid_value"  # a field has the right type and an impossible value
    WRONG_TOPIC = "wrong_topic"  # the platform or `op` of the payload does not belong on this topic
    MISSING_POST_KEY_HEADER = "missing_post_key_header"  # the header `post_key` is missing
    # another needed header is missing, is not UTF-8 or is no date
    MISSING_HEADER = "missing_header"
    HEADER_MISMATCH = "header_mismatch"  # a header contradicts the payload
    # a pseudonym lacks its id, an id lacks its pseudonym, or two pseudonyms are of different keys
    KEY_MISMATCH = "key_mismatch"
    # the pseudonyms were made under a key that was never the lake's
    UNKNOWN_KEY_ID = "unknown_key_id"
    CREATED_IN_FUTURE = "created_in_future"  # `created_at` is more than a day after `observed_at`
    # `created_at` is before 1990, such as a default of 1970
    CREATED_BEFORE_1990 = "created_before_1990"
    # `created_at` would be plausible in seconds, milliseconds or nanoseconds
    CREATED_IN_WRONG_UNIT = "created_in_wrong_unit"
    # `observed_at` is before the platform existed, or after Kafka had the record
    OBSERVED_OUT_OF_RANGE = "observed_out_of_range"
    # `day` is before the platform existed, or after the post was observed
    DAY_OUT_OF_RANGE = "day_out_of_range"
    VERSION_OUT_OF_RANGE = "version_out_of_range"  # `version` is after the post was observed
    TEXT_TOO_LONG = "text_too_long"  # title and text exceed `sanitizer.max_text_chars`
    UNSTORABLE_TEXT = "unstorable_text"  # a text has lone surrogates, which cannot be stored
    # a name has a control character; title and text are cleaned of them instead
    CONTROL_CHARACTER = "control_character"

    # stage "map": the producer could not map the platform's payload
    UNMAPPABLE = "unmappable"  # the producer could not map the platform's payload

    # stage "refine": a post passes only if the removal of personal data succeeds
    SANITIZER_FAILED = "sanitizer_failed"  # the removal of personal data failed or took too long
    ANALYSIS_FAILED = "analysis_failed"  # finding language, key phrases or emoji failed
    SCORER_FAILED = "scorer_failed"  # the scorer failed on this text


class Unscored(StrEnum):
    """The code in silver.posts.sentiment.reason: why a post has no label."""

    NO_TEXT = "no_text"  # the post has no text
    LANGUAGE = "language"  # the scorer does not know the language
    ABSTAINED = "abstained"  # the confidence is below `scorer.abstain_below`


class Fate(StrEnum):
    """The fate of a record: each record is counted in exactly one."""

    NEW = "new"  # a post that Silver did not hold
    EDITED = "edited"  # a newer version of a post that Silver holds
    DELETED = "deleted"  # a delete, even of a post that never came
    DUPLICATE = "duplicate"  # content that Silver holds already, or that came twice in the batch
    STALE = "stale"  # an older version than the one that Silver holds, or than another in the batch
    SUPPRESSED = "suppressed"  # a record that a tombstone or a retention period blocks
    QUARANTINED = "quarantined"  # a record that cannot be used; it has a reason
