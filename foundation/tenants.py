"""Whose a tenant's posts are."""

from foundation.settings import Settings

DEFAULT_TENANT = "default"


def owner_of(tenant: str, settings: Settings) -> str:
    """Return the owner of what a tenant sends.

    Who is alone is the lake's owner, as everywhere else: what they send, replay, export and erase
    are the same posts. Every other tenant is an owner of its own.
    """
    return settings.owner if tenant == DEFAULT_TENANT else tenant
