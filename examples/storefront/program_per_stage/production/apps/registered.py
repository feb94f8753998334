"""Every application there is: a line each, sorted, so that two branches that add one rarely touch the same line."""

from apps import catalog as catalog
from apps import checkout as checkout
from apps.registry import APPLICATIONS as APPLICATIONS
