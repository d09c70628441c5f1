"""Routes of the nurture application, below ``/nurture``. Each says who may call it."""

from fastapi import APIRouter

from groundwork.deployments.gateway.nurture import hooks, unsubscribe

router = APIRouter()
router.include_router(hooks.router)
router.include_router(unsubscribe.router)
