# Configuration pour intégration SIP (Twilio, Vonage, etc.)

import requests

# Les appels SIP utilisent le même endpoint
response = requests.post('http://localhost:5000/api/realtime/calls', json={
    'sdp': sip_sdp_offer,  # SDP généré par le système SIP
    'session': {
        'model': 'gpt-4o-realtime-preview',
        'modalities': ['audio'],
        'voice': 'echo',
        'instructions': '''
            Tu es un agent de support client pour une entreprise.
            - Sois poli et professionnel
            - Pose des questions claires pour comprendre le problème
            - Fournis des solutions étape par étape
            - Si tu ne peux pas aider, propose de transférer à un humain
        ''',
        'temperature': 0.7
    }
})

call_id = response.json()['call_id']
print(f"Appel SIP créé: {call_id}")
