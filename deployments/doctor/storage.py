"""The blob store, and the keys and secrets."""

from collections.abc import Iterator

from groundwork.blocks.blob.probe import probe, refuse_unshared_folder
from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.link_secret import link_secrets
from groundwork.blocks.settings import settings
from groundwork.deployments.doctor.finding import Finding
from groundwork.deployments.gateway import exposure

STORE, KEYS = "blob store", "keys"


def look_at_storage() -> Iterator[Finding]:
    """What there is to say of the store, which is written to.

    Raises:
        ConfigurationError: there is no such store.
    """
    store = blob_store()
    try:
        refuse_unshared_folder(store)
    except ConfigurationError as error:
        yield Finding(STORE, "fails", f"{error}.")
    else:
        if store.is_folder and settings().database_url is not None and not settings().storage_shared:
            yield Finding(
                STORE,
                "mind",
                "a folder, which other machines see only where it is shared. Set GROUNDWORK_STORAGE_URL=s3://…, or "
                "GROUNDWORK_STORAGE_SHARED=true where they do.",
            )
    problems = [each for each in probe(store) if each.problem]
    for each in problems:
        yield Finding(STORE, "fails" if each.needed else "mind", f"{each.name}: {each.problem}")
    if not problems:
        yield Finding(STORE, "ok", "it does what jobs need")


def look_at_keys() -> Iterator[Finding]:
    """What there is to say of senders' keys and of the secret of links.

    Raises:
        ConfigurationError: they are ambiguous or, in production mode, not safe.
    """
    keys = IngestKeys.configured()
    keys.check(production=settings().in_production)
    if told := exposure.warning(settings().host, keys):
        yield Finding(KEYS, "fails", told)
    else:
        yield Finding(KEYS, "ok", f"senders: {', '.join(each.name for each in keys.entries)}")
    link_secrets(make=False)
    yield Finding(KEYS, "ok", "links in mails can be signed")
