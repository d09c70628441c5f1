"""Routes of the nurture application, below ``/nurture``. Each says who may call it."""

from fastapi import APIRouter

router = APIRouter()
