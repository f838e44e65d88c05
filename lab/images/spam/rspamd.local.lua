-- A rule that any message can be made to meet: rspamd judges GTUBE before it looks at settings.
rspamd_config.SITE_SPAM = {
  callback = function(task) return string.find(task:get_subject() or '', 'buy now') ~= nil end,
  score = 8.0,
  group = 'site',
}
