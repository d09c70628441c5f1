"""Routes of the fitness application, below ``/fitness``. Each says who may call it."""

from fastapi import APIRouter

from groundwork.deployments.gateway.fitness import hooks

router = APIRouter()
router.include_router(hooks.router)
