"""Counts the requests to a Typesense server, which don't go the way of all others."""

import ssl

import httpx

from ...traffic import TrafficCount


class CountedTransport(httpx.HTTPTransport):
    """The connections to a server, with a count of what came of each request; the environment has no say in them."""

    def __init__(self, traffic: TrafficCount, *, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        self._traffic = traffic

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        outcome = "given_up"
        try:
            response = super().handle_request(request)
            outcome = str(response.status_code)
            return response
        except httpx.TimeoutException:
            outcome = "timeout"
            raise
        except httpx.ConnectError:
            outcome = "no_connection"
            raise
        except httpx.TransportError:
            outcome = "broken_off"
            raise
        finally:
            self._traffic.note("typesense", outcome)
