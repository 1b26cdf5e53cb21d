"""Delete the files of expired jobs and of interrupted uploads.

The API and each worker do it every minute. They delete the files before they mark the job as
expired. If a process is killed in between, the next one finds the job again.
"""

from datetime import timedelta

from foundation.logs import get_log
from serving.jobs.files import JobFiles
from tenancy import jobs
from tenancy.database import Database

_AT_ONCE = 500  # jobs per SQL statement
_ORPHAN_S = 86_400.0  # no upload takes that long
_FORGET = timedelta(days=30)
log = get_log("jobs")


def tidy(database: Database, files: JobFiles) -> None:
    """Delete expired jobs' files, old jobs' rows and files that belong to no job.

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
        if len(gone) < len(over):  # the next call tries them again
            log.warning("job_files_not_deleted", jobs=len(over) - len(gone))
            return


def _delete_orphans(database: Database, files: JobFiles) -> None:
    orphans = files.orphans(_ORPHAN_S)
    for at in range(0, len(orphans), _AT_ONCE):
        some = orphans[at : at + _AT_ONCE]
        for job_id in set(some) - jobs.known_ids(database, some):
            files.remove(job_id)
