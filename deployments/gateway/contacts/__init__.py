"""Routes of the contacts application, below ``/contacts``. Each says who may call it."""

from fastapi import APIRouter

from groundwork.deployments.gateway.contacts import import_preview

router = APIRouter()
router.include_router(import_preview.router)
