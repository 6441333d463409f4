"""X12 as this system speaks it: 204 in, 997 and 990 out, and the typed tender both input forms become."""

from system.x12.acknowledgment import write_acknowledgment
from system.x12.defects import Defect, Defects, ElementCode, Level, SegmentCode
from system.x12.envelope import Group, Interchange, TransactionSet
from system.x12.json_form import read_json
from system.x12.reading import Reading, ReadTender, read_interchange
from system.x12.response import TenderResponse, write_responses
from system.x12.tender import Purpose, Stop, Tender
from system.x12.tokens import Delimiters, Tokens, Unreadable, tokenize
from system.x12.writing import Envelope, OutgoingSet, write_interchange

__all__ = [
    "Defect",
    "Defects",
    "Delimiters",
    "ElementCode",
    "Envelope",
    "Group",
    "Interchange",
    "Level",
    "OutgoingSet",
    "Purpose",
    "ReadTender",
    "Reading",
    "SegmentCode",
    "Stop",
    "Tender",
    "TenderResponse",
    "Tokens",
    "TransactionSet",
    "Unreadable",
    "read_interchange",
    "read_json",
    "tokenize",
    "write_acknowledgment",
    "write_interchange",
    "write_responses",
]
