import type { Session } from './wish';

export const languages = ['webrtc', 'websocket', 'python', 'curl'] as const;
export type ClientLanguage = (typeof languages)[number];

export interface Wanted {
  /** Of the server: "http://127.0.0.1:5000". */
  origin: string;
  session: Session;
  /** What a client that writes asks the agent. */
  question: string;
}

/** Code of a client that can be pasted and run, with this server's address and the settings of the form. */
export const snippets: Record<ClientLanguage, (w: Wanted) => string> = { webrtc, websocket, python, curl };

/** JSON with further lines set in. */
const json = (value: unknown, indent: string) => JSON.stringify(value, null, 2).replaceAll('\n', `\n${indent}`);

function webrtc({ origin, session }: Wanted): string {
  return `// In a page of ${origin}, or in its console (F12).
const api = '${origin}/api/realtime/calls';

// 1. The connection, and what plays the agent
const pc = new RTCPeerConnection();
const audio = new Audio();
pc.ontrack = (event) => {
  audio.srcObject = event.streams[0];
  audio.play();
};

// 2. The microphone, and a channel for events
const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
stream.getTracks().forEach((track) => pc.addTrack(track, stream));
const events = pc.createDataChannel('oai-events');
events.onmessage = (event) => console.log(JSON.parse(event.data).type);

// 3. The offer
await pc.setLocalDescription(await pc.createOffer());
const response = await fetch(api, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    sdp: pc.localDescription.sdp,
    session: ${json(session, '    ')},
  }),
});
const data = await response.json();
if (!data.success) throw new Error(data.error);

// 4. The answer: you are talking
await pc.setRemoteDescription({ type: 'answer', sdp: data.sdp_answer });
console.log('Call', data.call_id);

// 5. Hang up
async function hangUp() {
  await fetch(\`\${api}/\${data.call_id}\`, { method: 'DELETE' });
  stream.getTracks().forEach((track) => track.stop());
  pc.close();
}
// await hangUp();`;
}

function websocket({ origin, session, question }: Wanted): string {
  const url = `${origin.replace(/^http/, 'ws')}/v1/realtime?model=${encodeURIComponent(session.model)}`;
  const update: Record<string, unknown> = {
    type: 'realtime',
    output_modalities: [session.modalities.includes('audio') ? 'audio' : 'text'],
  };
  if (session.instructions) update.instructions = session.instructions;
  if (session.max_response_output_tokens) update.max_output_tokens = session.max_response_output_tokens;
  update.audio = { output: { voice: session.voice } };
  return `// In a page of ${origin}, in its console (F12), or in Node 22.
const ws = new WebSocket('${url}');
const send = (event) => ws.send(JSON.stringify(event));

ws.onopen = () => {
  send({
    type: 'session.update',
    session: ${json(update, '    ')},
  });
  send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: ${JSON.stringify(question)} }] },
  });
  send({ type: 'response.create' });
};

ws.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  switch (event.type) {
    case 'response.output_audio.delta': // event.delta: 24 kHz, 16 bit, mono, in base64
      break;
    case 'response.output_audio_transcript.done':
      console.log('Agent:', event.transcript);
      break;
    case 'response.output_text.done':
      console.log('Agent:', event.text);
      break;
    case 'response.done':
      if (event.response.status === 'completed') ws.close();
      break;
    case 'error':
      console.log(event.error.code, event.error.message);
  }
};`;
}

function python({ origin, session }: Wanted): string {
  const dict = JSON.stringify(session, null, 4).replaceAll('\n', '\n    ');
  return `# pip install requests aiortc
import asyncio

import requests
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder

API = "${origin}/api/realtime"


async def main():
    pc = RTCPeerConnection()
    recorder = MediaRecorder("agent.wav")
    pc.on("track", recorder.addTrack)
    pc.addTransceiver("audio", direction="recvonly")  # or pc.addTrack(MediaPlayer("question.wav").audio)
    events = pc.createDataChannel("oai-events")
    events.on("message", print)
    await pc.setLocalDescription(await pc.createOffer())

    session = ${dict}
    response = requests.post(f"{API}/calls", json={"sdp": pc.localDescription.sdp, "session": session})
    data = response.json()
    if not data["success"]:
        raise SystemExit(data["error"])
    call_id = data["call_id"]
    print("Call", call_id)
    await pc.setRemoteDescription(RTCSessionDescription(data["sdp_answer"], "answer"))
    await recorder.start()

    await asyncio.sleep(10)  # the agent speaks

    await recorder.stop()
    ended = requests.delete(f"{API}/calls/{call_id}").json()
    print("Ended after", ended["call"]["duration_seconds"], "s")
    print(requests.get(f"{API}/stats").json()["stats"])
    await pc.close()


asyncio.run(main())`;
}

/** An offer that no one stands behind: enough to see the API at work. */
const offer = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=setup:actpass
a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, i) => (i * 7).toString(16).padStart(2, '0').toUpperCase()).join(':')}`;

function curl({ origin, session }: Wanted): string {
  return `API=${origin}/api/realtime

# An offer. Nobody connects with this one, so its call is let go after 20 s: put your client's here.
cat > offer.sdp <<'SDP'
${offer}
SDP
cat > session.json <<'JSON'
${JSON.stringify(session, null, 2)}
JSON

# Create a call
curl -s "$API/calls" -F 'sdp=<offer.sdp' -F 'session=<session.json' | tee call.json; echo
id=$(sed -n 's/.*"call_id":"\\([^"]*\\)".*/\\1/p' call.json)

# Look at it, at its events, and at all calls
curl -s "$API/calls/$id"; echo
curl -s "$API/calls/$id/events?limit=100"; echo
curl -s "$API/calls?status=active&limit=20"; echo
curl -s "$API/stats"; echo

# End it
curl -s -X DELETE "$API/calls/$id"; echo`;
}
