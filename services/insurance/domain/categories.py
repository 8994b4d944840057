"""The coverage categories that every organization starts with, by their spans of procedure codes.

The later in order, the more specific. Implants (D6000-D6199) are in General only.
"""

from __future__ import annotations

from collections.abc import Mapping

Spans = tuple[tuple[str, str], ...]

SYSTEM: Mapping[str, Spans] = {
    "General": (("D0000", "D7999"), ("D9000", "D9999")),
    "Diagnostic": (("D0000", "D0999"),),
    "X-Ray": (("D0200", "D0399"),),
    "Preventive": (("D1000", "D1999"),),
    "Restorative": (("D2000", "D2699"), ("D2800", "D2999")),
    "Endodontics": (("D3000", "D3999"),),
    "Periodontics": (("D4000", "D4999"),),
    "Oral Surgery": (("D7000", "D7999"),),
    "Crowns": (("D2700", "D2799"),),
    "Prosthodontics": (("D5000", "D5899"), ("D6200", "D6899")),
    "Maxillofacial": (("D5900", "D5999"),),
    "Accident": (),
    "Orthodontics": (("D8000", "D8999"),),
    "Adjunctive": (("D9000", "D9999"),),
}
