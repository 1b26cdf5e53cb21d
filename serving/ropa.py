"""Write the record of processing activities (GDPR Art. 30) from tables, policies and settings.

The record marks facts that a program cannot know, such as the controller's name, as missing.
"""

from dataclasses import asdict
from typing import Any

from foundation.folder_modes import READERS
from foundation.key_sources import payload_source, pseudonym_source
from foundation.policies import KAFKA_DAYS, Policy, policies
from foundation.settings import Settings
from schemas.tables import TABLES, Table
from transforms.expiry_rules import RULES

_AS_RECEIVED = "as received: names, handles, ids, texts"
_PSEUDONYM = "pseudonym"
_CLEANED = "text without the personal data that the sanitizer found"
_CATEGORIES = {
    "value": _AS_RECEIVED,
    "key": _AS_RECEIVED,
    "headers": _AS_RECEIVED,
    "post_key": _PSEUDONYM,
    "author_key": _PSEUDONYM,
    "reply_to_key": _PSEUDONYM,
    "event_id": _PSEUDONYM,
    "channel": "place of the post, or the pseudonym of a person's profile",
    "title": _CLEANED,
    "text": _CLEANED,
    "hashtags": _CLEANED,
    "key_phrases": _CLEANED,
    "entities": _CLEANED,
    "sentiment": "the tone of a post, never of a person",
    "authors": "the number of persons",
}


def record(settings: Settings) -> dict[str, Any]:
    """Return the record as values that JSON can hold."""
    return {
        "controller": settings.serving.controller or "missing: set serving.controller",
        "owner": settings.owner,
        "subjects": "authors of public posts, and persons named in these posts",
        "platforms": [_platform(policy) for policy in policies().values()],
        "tables": [_table(table) for table in TABLES],
        "besides": _besides(settings),
        "recipients": _recipients(settings),
        "safeguards": _safeguards(settings),
    }


def as_markdown(record: dict[str, Any]) -> str:
    """Return the record as a Markdown page."""
    lines = [
        "# Record of processing",
        "",
        f"Controller: {record['controller']}  ",
        f"Owner of the data: {record['owner']}  ",
        f"Subjects: {record['subjects']}",
        "",
        "## Purposes and periods",
    ]
    for entry in record["platforms"]:
        lines += ["", f"### {entry['platform']}", "", f"Used for: {', '.join(entry['used_for'])}  "]
        lines += [
            f"Never for: {', '.join(entry['never'])}",
            "",
            "| field | days | ground |",
            "|---|--:|---|",
        ]
        lines += [
            f"| {field} | {keep['days']} | {keep['ground']} |"
            for field, keep in entry["kept"].items()
        ]
    lines += [
        "",
        "## Storage",
        "",
        "| table | personal data | read by | kept |",
        "|---|---|---|---|",
    ]
    for table in record["tables"]:
        subject = (
            "; ".join(f"{name}: {category}" for name, category in table["categories"].items())
            or "none"
        )
        lines.append(
            f"| {table['table']} | {subject} | {table['read_by']} |"
            f" {', '.join(table['kept_by']) or 'no limit'} |"
        )
    lines += [
        f"| {entry['where']} | {entry['categories']} | | {entry['kept']} |"
        for entry in record["besides"]
    ]
    for title, name in (("Recipients", "recipients"), ("Safeguards", "safeguards")):
        lines += [
            "",
            f"## {title}",
            "",
            *(f"- {subject}: {how}" for subject, how in record[name].items()),
        ]
    return "\n".join(lines)


def _platform(policy: Policy) -> dict[str, Any]:
    return {
        "platform": policy.platform,
        "used_for": policy.uses,
        "never": policy.never,
        "rights": asdict(policy.rights),
        "kept": {field: asdict(keep) for field, keep in policy.keep.items()},
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "table": table.name,
        "categories": {name: _CATEGORIES[name] for name in table.columns if name in _CATEGORIES},
        "read_by": READERS[table.name.partition(".")[0]],
        "kept_by": [rule.field for rule in RULES if rule.table is table],
    }


def _besides(settings: Settings) -> list[dict[str, str]]:
    """Return the stores outside the tables."""
    sightings = (
        f"by policy, producers.sightings, and at most {settings.ingest.remember_days:g} days"
    )
    return [
        {
            "where": "Kafka",
            "categories": "the same as Bronze",
            "kept": f"at most {KAFKA_DAYS} days, by the broker, and no longer than in Bronze",
        },
        {
            "where": "landing files",
            "categories": _AS_RECEIVED,
            "kept": "by policy, landing.answers",
        },
        {"where": "producers' memory", "categories": "ids of posts", "kept": sightings},
        {
            "where": "the API's jobs",
            "categories": "texts as sent, until the job is completed; results without texts",
            "kept": f"{settings.api.result_keep_h:g} hours from the job's end (api.result_keep_h)",
        },
    ]


def _recipients(settings: Settings) -> dict[str, str]:
    """Return the recipients other than the owner's staff."""
    recipients = {
        "readers of Gold": f"views hide cells of fewer than {settings.serving.min_authors} authors"
    }
    if settings.is_on_s3:
        recipients["the object store"] = settings.s3.endpoint or "Amazon S3"
    scorers = {
        settings.scorer.name,
        *settings.scorer.by_language.values(),
        settings.entities.finder,
    }
    if "comprehend" in scorers:
        recipients["Amazon Comprehend"] = (
            f"cleaned texts, region {settings.scorer.comprehend.region or 'of the account'}"
        )
    return recipients


def _safeguards(settings: Settings) -> dict[str, str]:
    at_rest = (
        f"encrypted, key at {payload_source(settings).where}"
        if settings.payloads.encrypt
        else "not encrypted"
    )
    return {
        "pseudonyms": f"HMAC-SHA-256, key outside the lake at {pseudonym_source(settings).where}",
        "payloads in Bronze and quarantine": at_rest,
        "personal data in texts": f"removed before Silver, names by {settings.sanitizer.persons};"
        f" a post that cannot be cleaned goes to quarantine",
        "deletion": "a post that its platform or author deletes is removed from every table, and a"
        " tombstone blocks its return",
        "access": "; ".join(f"{layer}: {readers}" for layer, readers in READERS.items()),
    }
