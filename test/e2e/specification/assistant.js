// Côté client JavaScript

// 1. Créer la connexion WebRTC
const pc = new RTCPeerConnection({
    iceServers: [{ urls: 'stun:stun.l.google.com:19302' }]
});

// 2. Obtenir l'accès au microphone
const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
stream.getTracks().forEach(track => pc.addTrack(track, stream));

// 3. Créer l'offre SDP
const offer = await pc.createOffer();
await pc.setLocalDescription(offer);

// 4. Envoyer à l'API Realtime
const response = await fetch('http://localhost:5000/api/realtime/calls', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
        sdp: pc.localDescription.sdp,
        session: {
            model: 'gpt-4o-realtime-preview',
            modalities: ['text', 'audio'],
            voice: 'alloy',
            instructions: 'Tu es un assistant vocal utile.'
        }
    })
});

const data = await response.json();
const callId = data.call_id;

// 5. Appliquer la réponse SDP
await pc.setRemoteDescription({
    type: 'answer',
    sdp: data.sdp_answer
});

// 6. Écouter l'audio distant
pc.ontrack = (event) => {
    const audioElement = new Audio();
    audioElement.srcObject = event.streams[0];
    audioElement.play();
};

console.log('Connexion établie! Call ID:', callId);
