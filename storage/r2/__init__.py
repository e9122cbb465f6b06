"""A store in a bucket of Cloudflare R2, or of any other service that speaks S3."""

from storage.r2.store import R2Store
from storage.r2.writes import PART_BYTES

__all__ = ["PART_BYTES", "R2Store"]
