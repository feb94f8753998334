"""What functional tests share: one cloud a process."""

from stackyard.testing.clouds import embedded_cloud

__all__ = ["embedded_cloud"]
