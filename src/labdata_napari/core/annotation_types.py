"""The types of annotations that mean something here; any other text is one, too."""

from __future__ import annotations

TRACK_TYPES = ("probe_track", "shank")
"""Types that are fitted by a line."""
BOUNDARY = "region_boundary"
INJECTION = "injection"
REGION = "injection_region"
"""A painted injection site: its points are blocks of voxels (`core.painted`)."""
LANDMARK = "landmark"
KNOWN_TYPES = (TRACK_TYPES[0], INJECTION, REGION, LANDMARK, BOUNDARY)
"""The types that are offered; any other text is one, too."""
