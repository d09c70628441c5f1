"""Routes of the fitness application, below ``/fitness``. Each says who may call it."""

from fastapi import APIRouter

router = APIRouter()
