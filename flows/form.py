"""The form in which a person starts a job in Prefect's UI, and what Prefect's server refuses of it."""

import inspect
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, Field
from pydantic.fields import FieldInfo

from groundwork.events.base import Event

_DELIVERY_ID = FieldInfo(
    annotation=UUID,
    default=MISSING,
    description="Delivery that the run is for. The relay gives it, and nothing else; leave it empty.",
    json_schema_extra={"pattern": "^[0-9a-fA-F-]{36}$"},  # Prefect's server does not look at the format
)


def form_of(on: type[Event]) -> inspect.Signature:
    """The parameters from which Prefect makes a deployment's schema: what the event must have, what it may have, and
    the relay's ``delivery_id`` last; with bounds, patterns, choices and descriptions of the event's own fields.

    None of them is required by the schema, since the relay gives only the last one: the schema cannot say "or". The
    descriptions say which ones a person has to fill in, and the run refuses an event without them.
    """
    fields = sorted(on.model_fields.items(), key=lambda each: not each[1].is_required())
    return inspect.Signature(
        [_parameter(name, field) for name, field in fields] + [_parameter("delivery_id", _DELIVERY_ID)]
    )


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    required = field.is_required()
    description = " ".join(filter(None, ["Required." if required else "", field.description]))
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else None
    # Neither a default nor required: an empty field of the form is then a field that is not given.
    default = MISSING if required else field.get_default(call_default_factory=True, validated_data={})
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=Field(default, description=description or None, json_schema_extra=extra),
        annotation=Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation,
    )
