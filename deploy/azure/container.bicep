// A hive as a container: a job, for one that ends with its work such as Prismo, or an app that is always there.
//
//   az containerapp job start -g prismo -n prismo

param name string
param location string
param image string
@description('Whether it is started again when it ends. Without it, it is a job that is started by hand.')
param stays bool
param identityId string
param clientId string
@description('With its domain, as in shop.servicebus.windows.net.')
param namespace string
@description('With its domain, as in shop.core.windows.net.')
param account string

var identities = { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
var containers = [
  {
    name: 'hive'
    image: image
    resources: { cpu: json('0.5'), memory: '1Gi' }
    env: [
      { name: 'BEEHIVE_PROVIDER', value: 'azure:' }
      { name: 'AZURE_SERVICEBUS_NAMESPACE', value: namespace }
      { name: 'AZURE_STORAGE_ACCOUNT', value: account }
      // Which of the identities of the container DefaultAzureCredential is to take.
      { name: 'AZURE_CLIENT_ID', value: clientId }
    ]
  }
]

resource apps 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: name
  location: location
  properties: {}
}

resource job 'Microsoft.App/jobs@2024-03-01' = if (!stays) {
  name: name
  location: location
  identity: identities
  properties: {
    environmentId: apps.id
    configuration: {
      triggerType: 'Manual'
      manualTriggerConfig: { parallelism: 1, replicaCompletionCount: 1 }
      // In seconds.
      replicaTimeout: 3600
      replicaRetryLimit: 0
    }
    template: { containers: containers }
  }
}

resource worker 'Microsoft.App/containerApps@2024-03-01' = if (stays) {
  name: name
  location: location
  identity: identities
  properties: {
    environmentId: apps.id
    configuration: { activeRevisionsMode: 'Single' }
    template: {
      // A hive that is told to stop gives back what it cannot finish in this time.
      terminationGracePeriodSeconds: 60
      scale: { minReplicas: 1, maxReplicas: 4 }
      containers: containers
    }
  }
}
