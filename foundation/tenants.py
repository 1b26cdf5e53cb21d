"""Name the owner of a tenant's posts."""

from foundation.settings import Settings

DEFAULT_TENANT = "default"


def owner_of(tenant: str, settings: Settings) -> str:
    """Return the owner of the posts that a tenant sends.

    The tenant `default` sends as the lake's owner, so that sending, replay, export and erasure
    concern the same posts. Every other tenant is an owner of its own.
    """
    return settings.owner if tenant == DEFAULT_TENANT else tenant
