WakaTextAgent.open(); // Ouvrir
WakaTextAgent.close(); // Fermer
WakaTextAgent.sendMessage("Je cherche un produit");
WakaTextAgent.resetSession();
WakaTextAgent.on('message', (data) => console.log(data));
WakaTextAgent.on('toolCall', (data) => console.log(data.tool));
