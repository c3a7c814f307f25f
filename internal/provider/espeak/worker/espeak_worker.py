# SPDX-License-Identifier: GPL-3.0-or-later
#
# espeak_worker: speaks texts with libespeak-ng and reports when each word and each phoneme sounds.
# Copyright (C) the Griot authors
#
# This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
# License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
# version. It comes WITHOUT ANY WARRANTY; see the file COPYING beside it.
#
# It runs as a process of its own and knows nothing about who started it. Everything is little-endian.
#
#   frame    = u32 length of what follows, u8 type, payload
#   stdin    S  u32 id, u16 words per minute, u8 length of the voice's name, the name, the text in UTF-8
#            C  u32 id: stop speaking that text; ignored when it is not the one being spoken
#   stdout   H  u16 version of this protocol (1), u32 samples per second, text: version of the library. Once, first
#            X  text: why it cannot work. Instead of H; then it exits with status 3
#            A  u32 id, u32 n, n samples of 16 bits, then events: u8 type (W word, P phoneme), u32 position of its first
#               character in the text, u32 its length in characters (0: unknown), u32 ms since the start, u8 n, n bytes of IPA
#            Z  u32 id, u8 status (0 spoken, 1 stopped, 2 no such voice, 3 failed). Once for each S, last
#
# It ends when stdin does.

import ctypes
import os
import select
import struct
import sys

VERSION = 1
CHUNK_MS = 100

AUDIO_OUTPUT_SYNCHRONOUS = 2
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 1, 2, 0x8000
CHARS_UTF8 = 1
POS_CHARACTER = 1
RATE_PARAMETER = 1
EVENT_WORD, EVENT_PHONEME = 1, 7


class EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_void_p), ("string", ctypes.c_char * 8)]


class Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))


def send(kind, payload):
    data = memoryview(struct.pack("<IB", len(payload) + 1, ord(kind)) + payload)
    while data:
        data = data[os.write(1, data):]


class Input:
    """Frames from stdin. A frame is waited for, or only looked for."""

    def __init__(self):
        self.data = bytearray()

    def _frame(self):
        if len(self.data) < 4:
            return None
        (size,) = struct.unpack_from("<I", self.data)
        if len(self.data) < 4 + size:
            return None
        frame = bytes(self.data[4:4 + size])
        del self.data[:4 + size]
        return frame

    def get(self, wait):
        while True:
            frame = self._frame()
            if frame is not None:
                return frame
            if not wait and not select.select([0], [], [], 0)[0]:
                return None
            more = os.read(0, 65536)
            if not more:
                sys.exit(0)
            self.data += more


class Worker:
    def __init__(self, lib):
        self.lib = lib
        self.input = Input()
        self.later = []  # frames that came while speaking, other than cancellations
        self.id = 0
        self.stopped = False
        self.gone = False
        self.voice = None
        self.callback = Callback(self.on_audio)  # kept: the library holds only a pointer
        lib.espeak_SetSynthCallback(self.callback)

    def cancelled(self):
        while True:
            frame = self.input.get(wait=False)
            if frame is None:
                return self.stopped
            if frame[:1] == b"C":
                if struct.unpack_from("<I", frame, 1)[0] == self.id:
                    self.stopped = True
            else:
                self.later.append(frame)

    def on_audio(self, wav, count, events):
        # An exception must not cross the library: remember it, stop, and raise it afterwards.
        try:
            if self.stopped or self.cancelled():
                return 1
            payload = [struct.pack("<II", self.id, count if wav else 0)]
            if wav and count:
                payload.append(ctypes.string_at(wav, count * 2))
            i = 0
            while events and events[i].type:
                e = events[i]
                i += 1
                if e.type == EVENT_WORD:
                    name, kind = b"", ord("W")
                elif e.type == EVENT_PHONEME:
                    # Eight bytes, zero-terminated only when shorter; read as bytes, since .string stops at the first zero.
                    name, kind = ctypes.string_at(ctypes.addressof(e.id), 8).split(b"\0", 1)[0], ord("P")
                else:
                    continue
                payload.append(struct.pack("<BIIIB", kind, max(e.text_position - 1, 0), max(e.length, 0),
                                           max(e.audio_position, 0), len(name)) + name)
            if len(payload) > 1:
                send("A", b"".join(payload))
            return 0
        except BaseException:
            self.gone = True
            return 1

    def set_voice(self, name):
        if name == self.voice:
            return True
        self.voice = None
        language, plus, variant = name.partition("+")
        # A regional name such as fr-fr is not a voice's own name in every release of the library: try fr then.
        for candidate in (language, language.split("-", 1)[0]):
            if self.lib.espeak_SetVoiceByName((candidate + plus + variant).encode()) == 0:
                self.voice = name
                return True
        return False

    def speak(self, frame):
        self.id, rate, n = struct.unpack_from("<IHB", frame, 1)
        name = frame[8:8 + n].decode("utf-8", "replace")
        text = frame[8 + n:] + b"\0"
        self.stopped = False
        if not self.set_voice(name):
            send("Z", struct.pack("<IB", self.id, 2))
            return
        self.lib.espeak_SetParameter(RATE_PARAMETER, rate, 0)
        status = self.lib.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
        if self.gone:
            sys.exit(1)
        send("Z", struct.pack("<IB", self.id, 1 if self.stopped else 0 if status == 0 else 3))

    def run(self):
        while True:
            frame = self.later.pop(0) if self.later else self.input.get(wait=True)
            if frame[:1] == b"S":
                self.speak(frame)


def main():
    try:
        lib = ctypes.CDLL("libespeak-ng.so.1")
    except OSError as e:
        send("X", str(e).encode())
        return 3
    lib.espeak_Info.restype = ctypes.c_char_p
    rate = lib.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, CHUNK_MS, None, PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT)
    if rate <= 0:
        send("X", b"espeak_Initialize failed: is espeak-ng-data installed?")
        return 3
    send("H", struct.pack("<HI", VERSION, rate) + (lib.espeak_Info(None) or b""))
    Worker(lib).run()


try:
    sys.exit(main())
except (BrokenPipeError, KeyboardInterrupt):
    sys.exit(0)
