"""Routes of the nurture application, below ``/nurture``. Each says who may call it."""

from fastapi import APIRouter

from groundwork.deployments.gateway.nurture import hooks

router = APIRouter()
router.include_router(hooks.router)
