// A hive in a container: a job, for a hive that ends with its work, such as Prismo; or an app that keeps running.
//
//   az containerapp job start -g prismo -n prismo

param name string
param location string
param image string
@description('True for an app that is restarted when it ends; false for a job that is started by hand.')
param stays bool
param identityId string
param clientId string
@description('The host name, such as shop.servicebus.windows.net.')
param namespace string
@description('The account with its domain, such as shop.core.windows.net.')
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
      // The identity that DefaultAzureCredential takes.
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
      // Seconds.
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
      // A stopping hive abandons the events that it cannot finish in this time.
      terminationGracePeriodSeconds: 60
      scale: { minReplicas: 1, maxReplicas: 4 }
      containers: containers
    }
  }
}
