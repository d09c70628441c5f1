"""Routes of the nurture application, below ``/nurture``. Each says who may call it."""

from fastapi import APIRouter

from groundwork.deployments.gateway.nurture import unsubscribe

router = APIRouter()
router.include_router(unsubscribe.router)
