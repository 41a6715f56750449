"""
Start and supervise everything Amends needs on one machine, and leave nothing behind.

``make run`` uses `running`; tests, chaos and bench use `scratch.services`. Nothing here imports
Django, so that it can start the database before Django asks for it.
"""

from portal.ops.launcher.scratch import Services, services

__all__ = ["Services", "services"]
