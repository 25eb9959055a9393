"""Faults on the wire: what a client sees when a registry, a proxy or a cable is not at its best."""

import asyncio
import socket
import struct

from aiohttp import web

from .answer import PreparedResponse
from .faults import Fault, FaultKind

ERROR_PAGE = b"<!doctype html><title>Sorry</title><h1>We are having a moment</h1>"
_CHUNK_COUNT = 20
_OVERSIZED_CHUNK = b" " * 65_536


async def respond_with_fault(fault: Fault, request: web.BaseRequest, correct_response: PreparedResponse) -> web.StreamResponse:
    """Answer a request wrongly; `right` is what it should have got."""
    match FaultKind(fault.kind):
        case FaultKind.TIMEOUT:
            await asyncio.Event().wait()
        case FaultKind.RESET:
            _reset_connection(request)
        case FaultKind.TRUNCATED:
            return await _send_truncated(request, correct_response)
        case FaultKind.MALFORMED:
            return web.Response(body=correct_response.body[: len(correct_response.body) // 2] or b"{", headers=correct_response.headers)
        case FaultKind.EMPTY:
            return web.Response(body=b"", headers=correct_response.headers)
        case FaultKind.HTML:
            return web.Response(body=ERROR_PAGE, content_type="text/html")
        case FaultKind.OVERSIZED:
            return await _send_oversized(request, correct_response)
        case FaultKind.SLOW:
            return await _send_slowly(request, correct_response, fault.pause)
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": fault.location or request.raw_path})
        case status if status.isdigit():
            headers = {"Retry-After": fault.retry_after.to_header()} if fault.retry_after else {}
            return web.Response(status=int(status), body=ERROR_PAGE, content_type="text/html", headers=headers)
    return correct_response.to_response(request.headers)


def _reset_connection(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is not None:
        # Lingering for no time at all makes the kernel send RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()


async def _send_truncated(request: web.BaseRequest, correct_response: PreparedResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=correct_response.status, headers=correct_response.headers)
    response.content_length = max(len(correct_response.body), 2)
    await response.prepare(request)
    await response.write(correct_response.body[: response.content_length // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _send_oversized(request: web.BaseRequest, correct_response: PreparedResponse) -> web.StreamResponse:
    response = web.StreamResponse(headers=correct_response.headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(_OVERSIZED_CHUNK)
    return response


async def _send_slowly(request: web.BaseRequest, correct_response: PreparedResponse, pause: float) -> web.StreamResponse:
    response = web.StreamResponse(status=correct_response.status, headers=correct_response.headers)
    response.content_length = len(correct_response.body)
    await response.prepare(request)
    step = max(len(correct_response.body) // _CHUNK_COUNT, 1)
    for start in range(0, len(correct_response.body), step):
        await response.write(correct_response.body[start : start + step])
        await asyncio.sleep(pause)
    return response
