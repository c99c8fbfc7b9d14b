export { type HttpGateway, type HttpOptions, startHttp } from './gateway.ts'
