// The worker as one container that is always there.

param name string
param location string
param image string
param identityId string
param clientId string
param namespace string
param account string

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: name
  location: location
  properties: {}
}

resource worker 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: environment.id
    configuration: { activeRevisionsMode: 'Single' }
    template: {
      // A hive that is told to stop gives back what it cannot finish in this time.
      terminationGracePeriodSeconds: 60
      scale: { minReplicas: 1, maxReplicas: 4 }
      containers: [
        {
          name: 'worker'
          image: image
          resources: { cpu: json('0.5'), memory: '1Gi' }
          env: [
            { name: 'AZURE_SERVICEBUS_NAMESPACE', value: namespace }
            { name: 'AZURE_STORAGE_ACCOUNT', value: account }
            // Which of the identities of the container DefaultAzureCredential is to take.
            { name: 'AZURE_CLIENT_ID', value: clientId }
          ]
        }
      ]
    }
  }
}
