"""Faults on the wire: what a client sees when a registry, a proxy or a cable is not at its best."""

import asyncio
import socket
import struct

from aiohttp import web

from .answer import Answer
from .faults import Fault, FaultKind

APOLOGY = b"<!doctype html><title>Sorry</title><h1>We are having a moment</h1>"
_PIECES = 20
_HUGE_PIECE = b" " * 65_536


async def misbehave(fault: Fault, request: web.BaseRequest, right: Answer) -> web.StreamResponse:
    """Answer a request wrongly; `right` is what it should have got."""
    match FaultKind(fault.kind):
        case FaultKind.TIMEOUT:
            await asyncio.Event().wait()
        case FaultKind.RESET:
            _reset(request)
        case FaultKind.HALF:
            return await _half(request, right)
        case FaultKind.BROKEN:
            return web.Response(body=right.body[: len(right.body) // 2] or b"{", headers=right.headers)
        case FaultKind.EMPTY:
            return web.Response(body=b"", headers=right.headers)
        case FaultKind.HTML:
            return web.Response(body=APOLOGY, content_type="text/html")
        case FaultKind.HUGE:
            return await _huge(request, right)
        case FaultKind.SLOW:
            return await _drip(request, right, fault.pause)
        case FaultKind.REDIRECT:
            return web.Response(status=302, headers={"Location": fault.location or request.raw_path})
        case status if status.isdigit():
            headers = {"Retry-After": fault.retry_after.header()} if fault.retry_after else {}
            return web.Response(status=int(status), body=APOLOGY, content_type="text/html", headers=headers)
    return right.response(request.headers)


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is not None:
        # Lingering for no time at all makes the kernel send RST instead of FIN.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()


async def _half(request: web.BaseRequest, right: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=right.status, headers=right.headers)
    response.content_length = max(len(right.body), 2)
    await response.prepare(request)
    await response.write(right.body[: response.content_length // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _huge(request: web.BaseRequest, right: Answer) -> web.StreamResponse:
    response = web.StreamResponse(headers=right.headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(_HUGE_PIECE)
    return response


async def _drip(request: web.BaseRequest, right: Answer, pause: float) -> web.StreamResponse:
    response = web.StreamResponse(status=right.status, headers=right.headers)
    response.content_length = len(right.body)
    await response.prepare(request)
    step = max(len(right.body) // _PIECES, 1)
    for start in range(0, len(right.body), step):
        await response.write(right.body[start : start + step])
        await asyncio.sleep(pause)
    return response
