import requests
import time

class RealtimeCallManager:
    def __init__(self, api_base='http://localhost:5000/api/realtime'):
        self.api_base = api_base
        self.active_calls = []
    
    def create_call(self, sdp_offer, config):
        """Crée un nouvel appel"""
        response = requests.post(f'{self.api_base}/calls', json={
            'sdp': sdp_offer,
            'session': config
        })
        data = response.json()
        
        if data['success']:
            self.active_calls.append(data['call_id'])
            return data['call_id']
        return None
    
    def monitor_calls(self):
        """Surveille tous les appels actifs"""
        for call_id in self.active_calls[:]:
            response = requests.get(f'{self.api_base}/calls/{call_id}')
            call = response.json()['call']
            
            if call['status'] == 'ended':
                print(f"Appel {call_id} terminé - Durée: {call['duration_seconds']}s")
                self.active_calls.remove(call_id)
            else:
                print(f"Appel {call_id} en cours")
    
    def hangup_all(self):
        """Termine tous les appels actifs"""
        for call_id in self.active_calls[:]:
            requests.delete(f'{self.api_base}/calls/{call_id}')
            print(f"Appel {call_id} terminé")
            self.active_calls.remove(call_id)
    
    def get_stats(self):
        """Récupère les statistiques"""
        response = requests.get(f'{self.api_base}/stats')
        return response.json()['stats']


# Utilisation
manager = RealtimeCallManager()

# Créer un appel
call_id = manager.create_call(sdp_offer, {
    'model': 'gpt-4o-realtime-preview',
    'voice': 'alloy',
    'modalities': ['audio']
})

# Surveiller
while manager.active_calls:
    manager.monitor_calls()
    time.sleep(5)

# Stats finales
stats = manager.get_stats()
print(f"Total appels: {stats['total_calls']}")
print(f"Durée moyenne: {stats['avg_duration_seconds']}s")
