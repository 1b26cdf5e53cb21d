"""Delete the files of jobs that have expired, and what uploads that were cut off have left.

The API and each worker do it, each minute. Files go first and the row is marked after them, so that
a process that is killed between leaves nothing that the next one does not find.
"""

from datetime import timedelta

from foundation.logs import get_log
from serving.jobs.files import JobFiles
from tenancy import jobs
from tenancy.database import Database

_AT_ONCE = 500  # jobs of one statement
_ORPHAN_S = 86_400.0  # no upload takes that long
_FORGET = timedelta(days=30)
log = get_log("jobs")


def tidy(database: Database, files: JobFiles) -> None:
    """Delete what is kept no longer.

    Raises:
        ControlPlaneUnreachableError: the database does not answer.
    """
    _delete_expired(database, files)
    jobs.forget(database, after=_FORGET)
    _delete_orphans(database, files)


def _delete_expired(database: Database, files: JobFiles) -> None:
    while over := jobs.expired(database, _AT_ONCE):
        gone = [job for job in over if files.remove(job[1])]
        jobs.mark_expired(database, gone)
        if len(gone) < len(over):  # they are tried again the next time
            log.warning("job_files_not_deleted", jobs=len(over) - len(gone))
            return


def _delete_orphans(database: Database, files: JobFiles) -> None:
    orphans = files.orphans(_ORPHAN_S)
    for at in range(0, len(orphans), _AT_ONCE):
        some = orphans[at : at + _AT_ONCE]
        for job_id in set(some) - jobs.known_ids(database, some):
            files.remove(job_id)
