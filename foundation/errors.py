"""Every error that a user of the system can meet.

EchoStreamError                 what happened, and the remedy, in one line
  - UsageError                  wrong use or settings: exit code 2
      - SettingsError
      - KeyFileError            a key is missing, malformed, another one, or readable by others
      - PolicyError             a platform has no usable policy file
      - CredentialsError        a platform needs credentials that are missing, or refuses them
  - StackError                  what the system stands on is not there: exit code 1
      - JavaError
      - JavaEndedError          the JVM ended while it was needed
      - JarsError
      - PortInUseError
      - DiskFullError
      - BrokerUnreachableError
      - BrokerFailedError
      - ServiceFailedError      the API or the dashboard did not come up
      - StoreUnreachableError   the object store of the lake does not answer, or refuses
      - KeyServiceError         the service that keeps a key does not answer, or refuses
      - ControlPlaneError       the control plane's database is damaged, or a newer version's
          - ControlPlaneUnreachableError  it does not answer; may be tried again
      - ApiUnreachableError     the HTTP API does not answer
      - AccessError             a folder of the lake is open to others than it should be, or closed
        to who asks
  - IngestError
      - DeliveryError           Kafka did not acknowledge a record
      - PayloadFileError        a file that replay was given cannot be read
      - ReadError               a platform did not answer as it should; may be tried again
          - ListingCutError     a listing cannot be read to its end: the rest is a gap
      - IngestStoreError        the producers' memory of cursors is damaged
          - IngestStoreUnreachableError  its server does not answer; may be tried again
      - CursorError             a cursor is not one of that platform
      - BudgetSpentError        a platform's budget of money or quota is used up
  - LakeError
      - LakeInUseError          another process writes this lake
      - TableSchemaError        a table exists with another schema
      - CheckpointMissingError  the table has data, its checkpoint is gone
      - CheckpointMismatchError the checkpoint is another table's, or older than its table
      - CheckpointDamagedError  a file of the checkpoint is damaged or gone
      - LostOffsetsError        Kafka no longer holds what was not read yet
      - LostCommitsError        a table has lost commits that a job had seen
      - LogDamagedError         a commit is missing in the middle of a table's log, or cannot be
        read
      - DataFileDamagedError    a data file of a table is damaged or gone
      - KeyMismatchError        the lake was written under another pseudonym key
      - BreakerTrippedError     most of several batches in a row is poison
      - ConservationError       a batch's fates do not add up to what it consumed
      - PurgeError              files still hold rows that were to be taken out of them
      - ChangeFeedGapError      Silver's change feed no longer reaches back far enough
      - ErasureRequestError     a request to erase is damaged, or not ours
      - JobFailedError          a streaming job ended with an error that has no name of its own
  - TextFileError             a file of texts or labels cannot be read or written, or rows of it
  - ScorerError
      - ScorerServiceError      a service that scores does not answer, or refuses
      - ScorerBudgetError       the month's budget for scoring is used up
  - QueryError                  a question to the lake that cannot be answered
      - QueryTimeoutError       it took longer than it may

Bad records never raise: they go to quarantine with a reason (`schemas.reasons`).
"""


class EchoStreamError(Exception):
    """Base of all; `remedy` says what the reader can do about it."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        """Return one line: what happened, then the remedy."""
        return f"{self.what}. {self.remedy}".strip() if self.remedy else self.what

    def with_entry(self) -> str:
        """Return the line with the name of its entry in docs/operate/runbook.md, for people.

        A mistake that the reader has just typed gets none, for its message says all.
        """
        entry = next(kind for kind in type(self).__mro__ if kind.__module__ == __name__)
        return str(self) if entry in _SAY_ALL else f"{self} [runbook: {entry.__name__}]"


class UsageError(EchoStreamError):
    """Raised when a command is used wrongly."""

    exit_code = 2


class SettingsError(UsageError):
    """Raised when a setting is unknown, malformed or contradicts another."""


class KeyFileError(UsageError):
    """Raised when a key is missing, malformed, replaced or readable by others; never quotes it."""


class PolicyError(UsageError):
    """Raised when a platform's policy file is missing or incomplete."""


class CredentialsError(UsageError):
    """Raised when a platform needs missing credentials or refuses them; never quotes them."""


class StackError(EchoStreamError):
    """Raised when something outside the program that it stands on is not there."""


class JavaError(StackError):
    """Raised when no Java, or too old a one, is found."""


class JavaEndedError(StackError):
    """Raised when the JVM ended, or was killed, while it was needed."""


class JarsError(StackError):
    """Raised when the jars are missing or are not the ones that were pinned."""


class PortInUseError(StackError):
    """Raised when another program listens on a port that a setting names."""


class DiskFullError(StackError):
    """Raised when there is too little disk, or no right to write."""


class BrokerUnreachableError(StackError):
    """Raised when no Kafka broker answers at the address in the settings."""


class BrokerFailedError(StackError):
    """Raised when the local broker did not come up."""


class ServiceFailedError(StackError):
    """Raised when the API or the dashboard did not come up beside the local broker."""


class StoreUnreachableError(StackError):
    """Raised when the object store that holds the lake does not answer or refuses."""


class KeyServiceError(StackError):
    """Raised when the service that keeps a key does not answer, or refuses."""


class ControlPlaneError(StackError):
    """Raised when the control plane's database cannot be used; never quotes its address."""


class ControlPlaneUnreachableError(ControlPlaneError):
    """Raised when the control plane's database does not answer; may be tried again."""


class ApiUnreachableError(StackError):
    """Raised when the HTTP API does not answer."""


class AccessError(StackError):
    """Raised when a folder of the lake is more open than it should be, or closed to the caller."""


class IngestError(EchoStreamError):
    """Raised when posts could not be sent."""


class DeliveryError(IngestError):
    """Raised when Kafka did not acknowledge every record."""


class PayloadFileError(IngestError):
    """Raised when a file of recorded payloads cannot be read."""


class ReadError(IngestError):
    """Raised when a platform did not answer as it should; may be tried again."""

    wait_s: float | None = None  # after so long, where the platform said so


class ListingCutError(ReadError):
    """Raised when a listing has no end: its pages repeat, stay empty or name no next page."""


class IngestStoreError(IngestError):
    """Raised when the producers' memory of cursors cannot be used."""


class IngestStoreUnreachableError(IngestStoreError):
    """Raised when the server of the producers' memory does not answer; may be tried again."""


class CursorError(IngestError):
    """Raised when a cursor is not one of the platform that it is used for."""


class BudgetSpentError(IngestError):
    """Raised when a request would go beyond a platform's budget."""


class LakeError(EchoStreamError):
    """Raised when the lake is not in the state that a job needs."""


class LakeInUseError(LakeError):
    """Raised when another process holds the lake."""


class TableSchemaError(LakeError):
    """Raised when a table exists with another schema than the program's."""


class CheckpointMissingError(LakeError):
    """Raised when a table has data but its checkpoint is gone."""


class CheckpointMismatchError(LakeError):
    """Raised when a checkpoint does not belong to the table, or is older than it."""


class CheckpointDamagedError(LakeError):
    """Raised when a file of a checkpoint is damaged or gone."""


class LostOffsetsError(LakeError):
    """Raised when Kafka no longer holds records that were not read yet."""


class LostCommitsError(LakeError):
    """Raised when a table has lost commits; `ends_at` is the last one that this table has."""

    def __init__(self, what: str, *, remedy: str = "", ends_at: int | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.ends_at = ends_at


class LogDamagedError(LakeError):
    """Raised when a commit is missing in the middle of a table's log, or cannot be read."""


class DataFileDamagedError(LakeError):
    """Raised when a data file of a table is damaged or gone."""


class KeyMismatchError(LakeError):
    """Raised when the lake was written under another pseudonym key."""


class BreakerTrippedError(LakeError):
    """Raised when most of several batches in a row would go into quarantine."""


class ConservationError(LakeError):
    """Raised when a batch's fates do not add up to what it consumed."""


class PurgeError(LakeError):
    """Raised when files still hold rows that were to be taken out of them."""


class ChangeFeedGapError(LakeError):
    """Raised when Silver's change feed no longer reaches back to where Gold stands."""


class ErasureRequestError(LakeError):
    """Raised when a request to erase is damaged, or was not signed by the lake's key."""


class JobFailedError(LakeError):
    """Raised when a streaming job fails for a reason without a name of its own."""


class TextFileError(EchoStreamError):
    """Raised when a user's file of texts, or a row of it, cannot be used; never quotes a row."""


class ScorerError(EchoStreamError):
    """Raised when no text can be scored, whatever it says."""


class ScorerServiceError(ScorerError):
    """Raised when a service that scores does not answer, or refuses."""


class ScorerBudgetError(ScorerError):
    """Raised when the month's budget for scoring is used up."""


class QueryError(EchoStreamError):
    """Raised when a question to the lake cannot be answered."""


class QueryTimeoutError(QueryError):
    """Raised when a question to the lake takes longer than it may."""


_SAY_ALL = (EchoStreamError, UsageError, QueryError)
