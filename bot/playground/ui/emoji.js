// The emoji shortcodes that bots use; an unknown one stays as it was typed.
// Used by mrkdwn.js. Must stay a table.

export const EMOJI = {
  '+1': '👍', '-1': '👎', thumbsup: '👍', thumbsdown: '👎', wave: '👋', clap: '👏', pray: '🙏', eyes: '👀',
  point_right: '👉', raised_hand: '✋', hand: '✋', muscle: '💪', handshake: '🤝', ok_hand: '👌',
  smile: '😄', grin: '😁', thinking_face: '🤔', sweat_smile: '😅', slightly_smiling_face: '🙂', tada: '🎉', sparkles: '✨',
  white_check_mark: '✅', heavy_check_mark: '✔️', ballot_box_with_check: '☑️', x: '❌', no_entry: '⛔', no_entry_sign: '🚫',
  warning: '⚠️', rotating_light: '🚨', bangbang: '‼️', exclamation: '❗', question: '❓', information_source: 'ℹ️', sos: '🆘',
  bell: '🔔', no_bell: '🔕', loudspeaker: '📢', mega: '📣', fire: '🔥', boom: '💥', zap: '⚡', rocket: '🚀',
  lock: '🔒', unlock: '🔓', closed_lock_with_key: '🔐', key: '🔑', old_key: '🗝️', shield: '🛡️', passport_control: '🛂',
  hourglass: '⌛', hourglass_flowing_sand: '⏳', stopwatch: '⏱️', timer_clock: '⏲️', alarm_clock: '⏰', clock1: '🕐', watch: '⌚',
  calendar: '📅', date: '📅', spiral_calendar_pad: '🗓️', memo: '📝', pencil: '📝', pencil2: '✏️', clipboard: '📋',
  ticket: '🎫', bookmark: '🔖', label: '🏷️', link: '🔗', pushpin: '📌', paperclip: '📎', page_facing_up: '📄', scroll: '📜',
  mag: '🔍', bulb: '💡', wrench: '🔧', hammer_and_wrench: '🛠️', gear: '⚙️', toolbox: '🧰', test_tube: '🧪', microscope: '🔬',
  bust_in_silhouette: '👤', busts_in_silhouette: '👥', technologist: '🧑‍💻', detective: '🕵️', robot_face: '🤖', ghost: '👻',
  red_circle: '🔴', large_orange_circle: '🟠', large_yellow_circle: '🟡', large_green_circle: '🟢', large_blue_circle: '🔵',
  white_circle: '⚪', black_circle: '⚫', large_orange_diamond: '🔶', small_blue_diamond: '🔹',
  arrow_right: '➡️', arrow_left: '⬅️', arrow_up: '⬆️', arrow_down: '⬇️', arrows_counterclockwise: '🔄', repeat: '🔁', recycle: '♻️',
  leftwards_arrow_with_hook: '↩️', fast_forward: '⏩', double_vertical_bar: '⏸️', black_square_for_stop: '⏹️', octagonal_sign: '🛑',
  chart_with_upwards_trend: '📈', bar_chart: '📊', file_cabinet: '🗄️', computer: '💻', desktop_computer: '🖥️', cloud: '☁️',
  package: '📦', broom: '🧹', wastebasket: '🗑️', checkered_flag: '🏁', construction: '🚧', ambulance: '🚑', fire_engine: '🚒',
  heart: '❤️', star: '⭐', 100: '💯', coffee: '☕', new: '🆕', snowflake: '❄️', ice_cube: '🧊', crystal_ball: '🔮',
};
