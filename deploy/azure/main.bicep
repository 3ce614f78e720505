// The least that Prismo needs on Azure: a Service Bus namespace, a storage account, and a place to run: a container, as a
// job or an app, or a function app. The hive signs in with a managed identity; there are no keys. The domains are those
// of the cloud that the template is deployed to.
//
//   az deployment group create -g prismo -f deploy/azure/main.bicep -p name=prismo image=ghcr.io/you/prismo:1
//   az deployment group create -g prismo -f deploy/azure/main.bicep -p name=prismo host=functions

@description('The prefix of all names: 3 to 16 lower-case letters and digits.')
@minLength(3)
@maxLength(16)
param name string

param location string = resourceGroup().location

@description('A job ends with its work, as Prismo does; a container is restarted when it ends.')
@allowed(['job', 'container', 'functions'])
param host string = 'job'

@description('The container image of the hive; not used by functions.')
param image string = ''

@description('True lets the hive make its queues. With false, make them beforehand and start with topology "check".')
param mayManage bool = true

var suffix = uniqueString(resourceGroup().id)
// Built-in roles.
var serviceBusOwner = '090c5cfd-751d-490a-894a-3ce6f1109419'
var serviceBusSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var serviceBusReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var tableContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var queueRoles = mayManage ? [serviceBusOwner] : [serviceBusSender, serviceBusReceiver]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
}

// Standard, because Basic has no topics and no duplicate detection.
resource serviceBus 'Microsoft.ServiceBus/namespaces@2022-10-01-preview' = {
  name: '${name}-${suffix}'
  location: location
  sku: { name: 'Standard', tier: 'Standard' }
  properties: { disableLocalAuth: true, minimumTlsVersion: '1.2' }
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: take('${name}${suffix}', 24)
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: { allowSharedKeyAccess: false, allowBlobPublicAccess: false, minimumTlsVersion: 'TLS1_2' }
}

// Bodies of large events stay, in a cheaper tier, because Service Bus keeps events and dead letters without limit. Locks
// that were not taken for a month are deleted.
resource leftovers 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: storage
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'claims'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['beehive/Claims/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
        {
          name: 'locks'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['beehive/locks/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
      ]
    }
  }
}

resource onQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in queueRoles: {
    name: guid(serviceBus.id, identity.id, role)
    scope: serviceBus
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [tableContributor, blobContributor]: {
    name: guid(storage.id, identity.id, role)
    scope: storage
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

// "https://shop-….servicebus.windows.net:443/".
var namespace = replace(replace(serviceBus.properties.serviceBusEndpoint, 'https://', ''), ':443/', '')
var account = '${storage.name}.${environment().suffixes.storage}'

module container 'container.bicep' = if (host != 'functions') {
  name: 'container'
  params: {
    name: name
    location: location
    image: image
    stays: host == 'container'
    identityId: identity.id
    clientId: identity.properties.clientId
    namespace: namespace
    account: account
  }
  dependsOn: [onQueues, onStorage]
}

module functions 'functions.bicep' = if (host == 'functions') {
  name: 'functions'
  params: {
    name: '${name}-${suffix}'
    location: location
    identityId: identity.id
    clientId: identity.properties.clientId
    principalId: identity.properties.principalId
    namespace: namespace
    account: account
    storageName: storage.name
  }
  dependsOn: [onQueues, onStorage]
}

output namespace string = namespace
output account string = account
