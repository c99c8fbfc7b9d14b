import {
  SETTING_NAMES,
  SETTINGS,
  type SettingKind,
  type SettingName,
  type SettingsReader,
} from '@cachemesh/core'

/** A setting as it holds at one node. */
export interface SettingView extends SettingKind {
  readonly name: SettingName
  readonly value: number
  /** Who says so: an option of this node, the configuration for this namespace, for the mesh, or nobody. */
  readonly source: 'node' | 'namespace' | 'mesh' | 'default'
}

/** All settings of this version. `own` are those that this node was started with. */
export function viewSettings(
  settings: SettingsReader,
  own: { readonly [N in SettingName]?: number | undefined },
  namespace?: string,
): SettingView[] {
  const said = namespace === undefined ? {} : settings.of(namespace)
  return SETTING_NAMES.map(name => {
    const [value, source] = held([
      [own[name], 'node'],
      [said[name], 'namespace'],
      [settings.mesh[name], 'mesh'],
    ]) ?? [SETTINGS[name].default, 'default']
    return { name, value, source, ...SETTINGS[name] }
  })
}

type Said = [number | undefined, SettingView['source']]

function held(sayings: Said[]): [number, SettingView['source']] | undefined {
  return sayings.find((said): said is [number, SettingView['source']] => said[0] !== undefined)
}
