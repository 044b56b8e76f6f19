"""Downloading files whose checksums are known, from whichever mirror gives them.

Being offline is known soon. A look-up of a name can hang for half a minute and
no time-out of a request covers it, so all mirrors are first asked side by side
for a small file, in threads that are left behind when their time is up. Only
mirrors that answered are then downloaded from.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

# Bytes as they are stored: a server must not compress what is compressed.
_HEADERS = {"Accept-Encoding": "identity"}


class DownloadFailedError(Exception):
    """A file could not be had from any mirror; the message says what each one did."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds to wait: for all probes together, for a connection, for a file's next piece."""

    probing: float = 8.0
    connecting: float = 5.0
    reading: float = 10.0


@dataclass(frozen=True)
class RemoteFile:
    """A file's name on the mirrors and the SHA-256 sum, in hexadecimal, that it must have."""

    name: str
    sha256: str


def download_files(
    files: tuple[RemoteFile, ...],
    folder: Path,
    mirrors: tuple[str, ...],
    *,
    probe: str,
    patience: Patience,
) -> None:
    """Puts files into a folder, made where it is missing; sound ones that are there are kept.

    Mirrors are addresses ending with a slash, the preferred one first; each has the small
    file `probe`. A file arrives under another name and is moved into place once its checksum
    is right, so an interrupted or a second, simultaneous download harms nothing.

    Raises:
        DownloadFailedError: a file could not be had, or the folder not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadFailedError(f"{folder} cannot be made ({error.strerror})") from error
    answering = _answering_mirrors(mirrors, probe, patience)
    for file in files:
        problems = []
        for mirror in tuple(answering):
            try:
                _download(file, folder, mirror, patience)
                break
            except (OSError, ValueError) as error:
                problems.append(f"{mirror}{file.name}: {_in_words(error)}")
            # A lame mirror goes last: the next file need not wait for it.
            answering.append(answering.pop(0))
        else:
            raise DownloadFailedError("; ".join(problems))


def _answering_mirrors(mirrors: tuple[str, ...], probe: str, patience: Patience) -> list[str]:
    import requests

    problems = dict.fromkeys(mirrors, f"no answer within {patience.probing:g} s")

    def ask(mirror: str) -> None:
        try:
            address, waiting = mirror + probe, patience.probing
            with requests.get(address, headers=_HEADERS, timeout=waiting) as response:
                response.raise_for_status()
            problems[mirror] = ""
        except OSError as error:
            problems[mirror] = _in_words(error)

    # Daemon threads: one that hangs keeps neither this function nor the program waiting.
    threads = [threading.Thread(target=ask, args=(mirror,), daemon=True) for mirror in mirrors]
    deadline = time.monotonic() + patience.probing
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    known = dict(problems)  # a thread left behind may still write to the original
    answering = [mirror for mirror, problem in known.items() if not problem]
    if not answering:
        failures = "; ".join(f"{mirror}: {problem}" for mirror, problem in known.items())
        raise DownloadFailedError(failures or "there is no mirror to ask")
    return answering


def _download(file: RemoteFile, folder: Path, mirror: str, patience: Patience) -> None:
    import pooch

    pooch.get_logger().setLevel("ERROR")
    timeouts = (patience.connecting, patience.reading)
    downloader = pooch.HTTPDownloader(chunk_size=1 << 16, headers=_HEADERS, timeout=timeouts)
    # Pooch writes to a temporary file in the folder, checks the sum, moves it into place.
    pooch.retrieve(
        mirror + file.name,
        known_hash=f"sha256:{file.sha256}",
        fname=file.name,
        path=folder,
        # Pooch's annotation of a downloader does not fit its own downloaders.
        downloader=downloader,  # pyright: ignore[reportArgumentType]
    )


def _in_words(error: Exception) -> str:
    """A failure in a few words; the libraries' own fill several lines."""
    from requests import exceptions

    if isinstance(error, exceptions.HTTPError) and error.response is not None:
        return f"answered with HTTP status {error.response.status_code}"
    kinds = {  # the more particular before the more general
        exceptions.Timeout: "no answer in time",
        exceptions.ChunkedEncodingError: "the transfer broke off",
        exceptions.SSLError: "no secure connection",
        exceptions.ConnectionError: "no connection",
        exceptions.RequestException: type(error).__name__,
        OSError: f"it cannot be written ({error})",
        ValueError: "what arrived has the wrong checksum",
    }
    return next(words for kind, words in kinds.items() if isinstance(error, kind))
