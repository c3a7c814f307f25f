// Configuration pour traduction simultanée

const response = await fetch('http://localhost:5000/api/realtime/calls', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
        sdp: localSDP,
        session: {
            model: 'gpt-4o-realtime-preview',
            modalities: ['audio'],
            voice: 'shimmer',
            instructions: `
                Tu es un traducteur en temps réel.
                Écoute l'audio en français et traduis instantanément en anglais.
                Conserve le ton et le style de l'orateur.
            `,
            temperature: 0.6
        }
    })
});
