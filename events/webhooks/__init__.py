"""Webhooks of providers, from their form to typed events: the registry of sources, and what each is made of.

A :class:`~.source.Source` says how a provider proves itself (:mod:`.proof`, :mod:`.schemes`), by which secrets, what
its messages mean (:mod:`.mapping`) and whose they are (:mod:`.workspaces`). Applications name theirs in
``Application.hooks``; the gateway serves each below ``POST /hooks/<name>``. docs/webhooks-in.md.
"""

from groundwork.events.webhooks.handshake import Challenge
from groundwork.events.webhooks.mapping import Mapped, To
from groundwork.events.webhooks.proof import Incoming, Proof, Proved, Unproved
from groundwork.events.webhooks.schemes import Hmac, StandardWebhooks, Stripe, github, slack
from groundwork.events.webhooks.secret_list import several
from groundwork.events.webhooks.source import Delivery, LeftOut, Malformed, Source, Told
from groundwork.events.webhooks.workspaces import ByAccount, InTheMessage, OneWorkspace

__all__ = [
    "ByAccount",
    "Challenge",
    "Delivery",
    "Hmac",
    "InTheMessage",
    "Incoming",
    "LeftOut",
    "Malformed",
    "Mapped",
    "OneWorkspace",
    "Proof",
    "Proved",
    "Source",
    "StandardWebhooks",
    "Stripe",
    "To",
    "Told",
    "Unproved",
    "github",
    "several",
    "slack",
]
