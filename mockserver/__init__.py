"""A local simulator of the Telnyx Call Control API."""

__version__ = "0.1.0"
