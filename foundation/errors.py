"""Define every error that a user can see. docs/operate/runbook.md has an entry for each class.

EchoStreamError                 one line with the problem and the remedy
  - UsageError                  wrong use or settings: exit code 2
      - SettingsError
      - KeyFileError            a key is missing, malformed, another one, or readable by others
      - PolicyError             a platform has no usable policy file
      - CredentialsError        a platform needs credentials that are missing, or refuses them
  - StackError                  a service, program or file is missing: exit code 1
      - JavaError
      - JavaEndedError          the JVM ended while it was needed
      - JarsError
      - PortInUseError
      - DiskFullError
      - BrokerUnreachableError
      - BrokerFailedError
      - ServiceFailedError      the API or the dashboard did not start
      - StoreUnreachableError   the object store of the lake does not answer, or refuses
      - KeyServiceError         the service that keeps a key does not answer, or refuses
      - ControlPlaneError       the control plane's database cannot be used
          - ControlPlaneUnreachableError  it does not answer; may be tried again
      - ApiUnreachableError     the HTTP API does not answer
      - AccessError             a folder of the lake is open to too many users, or closed to this
        one
  - IngestError
      - DeliveryError           Kafka did not acknowledge a record
      - PayloadFileError        a file of recorded payloads cannot be read
      - ReadError               a platform did not answer as it should; may be tried again
          - ListingCutError     a listing cannot be read to its end, so the rest is a gap
      - IngestStoreError        the producers' memory of cursors cannot be used
          - IngestStoreUnreachableError  its server does not answer; may be tried again
      - CursorError             a cursor belongs to another platform
      - BudgetSpentError        a platform's budget of money or quota is used up
  - LakeError
      - LakeInUseError          another process writes this lake
      - TableSchemaError        a table exists with another schema
      - CheckpointMissingError  the table has data, but its checkpoint is missing
      - CheckpointMismatchError the checkpoint belongs to another table, or is older than its table
      - CheckpointDamagedError  a file of the checkpoint is damaged or missing
      - LostOffsetsError        Kafka has deleted records that were not read yet
      - LostCommitsError        a table has lost commits that a job had seen
      - LogDamagedError         a commit is missing in the middle of a table's log, or cannot be
        read
      - DataFileDamagedError    a data file of a table is damaged or missing
      - KeyMismatchError        the lake was written under another pseudonym key
      - BreakerTrippedError     most records of several batches in a row would be quarantined
      - ConservationError       a batch's fates do not add up to what it consumed
      - PurgeError              data files still hold rows that a purge should have removed
      - ChangeFeedGapError      Silver's change feed no longer reaches back far enough
      - ErasureRequestError     a request to erase is damaged, or not signed by the lake's key
      - JobFailedError          a streaming job ended with an error that has no class of its own
  - TextFileError             a file of texts or labels cannot be read or written, or rows of it
  - ScorerError
      - ScorerServiceError      a service that scores does not answer, or refuses
      - ScorerBudgetError       the month's budget for scoring is used up
  - QueryError                  a query of the lake cannot be answered
      - QueryTimeoutError       a query took longer than allowed

A bad record raises no error. It goes to quarantine with a reason (`schemas.reasons`).
"""


class EchoStreamError(Exception):
    """The base of all errors. `remedy` tells the user what to do."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Return one line with the problem and the remedy."""
        return f"{self.what}. {self.remedy}".strip() if self.remedy else self.what

    def with_entry(self) -> str:
        """Return the line with the name of its entry in docs/operate/runbook.md, for people.

        Mistakes in what the user typed get none, because their message says all.
        """
        entry = next(kind for kind in type(self).__mro__ if kind.__module__ == __name__)
        return str(self) if entry in _SAY_ALL else f"{self} [runbook: {entry.__name__}]"


class UsageError(EchoStreamError):
    """Raised when a command is used wrongly."""

    exit_code = 2


class SettingsError(UsageError):
    """Raised when a setting is unknown, malformed or contradicts another."""


class KeyFileError(UsageError):
    """Raised when a key is missing, malformed, replaced or readable by others. Never quotes it."""


class PolicyError(UsageError):
    """Raised when a platform's policy file is missing or incomplete."""


class CredentialsError(UsageError):
    """Raised when a platform's credentials are missing or refused. Never quotes them."""


class StackError(EchoStreamError):
    """Raised when a service, program or file that EchoStream needs is missing."""


class JavaError(StackError):
    """Raised when Java is missing or too old."""


class JavaEndedError(StackError):
    """Raised when the JVM ended, or was killed, while it was needed."""


class JarsError(StackError):
    """Raised when jars are missing or differ from the pinned ones."""


class PortInUseError(StackError):
    """Raised when another program listens on a port that a setting names."""


class DiskFullError(StackError):
    """Raised when the disk is full or may not be written to."""


class BrokerUnreachableError(StackError):
    """Raised when no Kafka broker answers at the address in the settings."""


class BrokerFailedError(StackError):
    """Raised when the local broker did not start."""


class ServiceFailedError(StackError):
    """Raised when the API or the dashboard did not start beside the local broker."""


class StoreUnreachableError(StackError):
    """Raised when the object store that holds the lake does not answer or refuses."""


class KeyServiceError(StackError):
    """Raised when the service that keeps a key does not answer, or refuses."""


class ControlPlaneError(StackError):
    """Raised when the control plane's database cannot be used. Never quotes its address."""


class ControlPlaneUnreachableError(ControlPlaneError):
    """Raised when the control plane's database does not answer. May be tried again."""


class ApiUnreachableError(StackError):
    """Raised when the HTTP API does not answer."""


class AccessError(StackError):
    """Raised when a folder of the lake is open to too many users, or closed to this one."""


class IngestError(EchoStreamError):
    """Raised when posts could not be sent."""


class DeliveryError(IngestError):
    """Raised when Kafka did not acknowledge every record."""


class PayloadFileError(IngestError):
    """Raised when a file of recorded payloads cannot be read."""


class ReadError(IngestError):
    """Raised when a platform did not answer as it should. May be tried again."""

    wait_s: float | None = None  # seconds to wait, if the platform has named them


class ListingCutError(ReadError):
    """Raised when a listing has no end: its pages repeat, stay empty or name no next page."""


class IngestStoreError(IngestError):
    """Raised when the producers' memory of cursors cannot be used."""


class IngestStoreUnreachableError(IngestStoreError):
    """Raised when the server of the producers' memory does not answer. May be tried again."""


class CursorError(IngestError):
    """Raised when a cursor belongs to another platform."""


class BudgetSpentError(IngestError):
    """Raised when a request would exceed a platform's budget."""


class LakeError(EchoStreamError):
    """Raised when the lake is not in the state that a job needs."""


class LakeInUseError(LakeError):
    """Raised when another process writes the lake."""


class TableSchemaError(LakeError):
    """Raised when a table has another schema than this version expects."""


class CheckpointMissingError(LakeError):
    """Raised when a table has data but its checkpoint is missing."""


class CheckpointMismatchError(LakeError):
    """Raised when a checkpoint does not belong to the table, or is older than it."""


class CheckpointDamagedError(LakeError):
    """Raised when a file of a checkpoint is damaged or missing."""


class LostOffsetsError(LakeError):
    """Raised when Kafka has deleted records that were not read yet."""


class LostCommitsError(LakeError):
    """Raised when a table has lost commits. `ends_at` is the last commit that it has."""

    def __init__(self, what: str, *, remedy: str = "", ends_at: int | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.ends_at = ends_at


class LogDamagedError(LakeError):
    """Raised when a commit is missing in the middle of a table's log, or cannot be read."""


class DataFileDamagedError(LakeError):
    """Raised when a data file of a table is damaged or missing."""


class KeyMismatchError(LakeError):
    """Raised when the lake was written under another pseudonym key."""


class BreakerTrippedError(LakeError):
    """Raised when most of several batches in a row would go into quarantine."""


class ConservationError(LakeError):
    """Raised when a batch's fates do not add up to what it consumed."""


class PurgeError(LakeError):
    """Raised when data files still hold rows that a purge should have removed."""


class ChangeFeedGapError(LakeError):
    """Raised when Silver's change feed no longer reaches back to Gold's version of Silver."""


class ErasureRequestError(LakeError):
    """Raised when a request to erase is damaged, or was not signed by the lake's key."""


class JobFailedError(LakeError):
    """Raised when a streaming job fails with an error that has no class of its own."""


class TextFileError(EchoStreamError):
    """Raised when a user's file of texts, or a row of it, cannot be used. Never quotes a row."""


class ScorerError(EchoStreamError):
    """Raised when the scorer can score no text at all."""


class ScorerServiceError(ScorerError):
    """Raised when a service that scores does not answer, or refuses."""


class ScorerBudgetError(ScorerError):
    """Raised when the month's budget for scoring is used up."""


class QueryError(EchoStreamError):
    """Raised when a query of the lake cannot be answered."""


class QueryTimeoutError(QueryError):
    """Raised when a query of the lake takes longer than allowed."""


_SAY_ALL = (EchoStreamError, UsageError, QueryError)
