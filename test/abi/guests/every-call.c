// Makes every host call at least once, those that fail too.
#include "transcript.h"

static void context(void) {
  body("input_length", pluvio_input_length());
  result("message_info", pluvio_message_info());
  result("caller_info", pluvio_caller_info());
  result("self_info", pluvio_self_info());
  result("trace_context", pluvio_trace_context());
  result("config_get", pluvio_config_get("greeting"));
  result("config_get", pluvio_config_get("none"));
  result("secret_get", pluvio_secret_get("token"));
  line("result_length", pluvio_result_length());
  line("log", pluvio_log(PLUVIO_WARN, "it rains hunter22", "{\"mm\":3}"));
  line("log", pluvio_log(9, "no such level", NULL));
  line("output_head", pluvio_output_head("{\"status\":202}"));
}

static void keys(void) {
  char key[] = "key/0";
  for (int i = 0; i < 5; i++) {
    key[4] = '0' + i;
    line("kv_set", pluvio_kv_set(key, key, i));
  }
  line("kv_begin", pluvio_kv_begin());
  line("kv_begin", pluvio_kv_begin());
  line("kv_delete", pluvio_kv_delete("key/1"));
  line("kv_set", pluvio_kv_set("key/4", "other", 5));
  line("kv_rollback", pluvio_kv_rollback());
  line("kv_begin", pluvio_kv_begin());
  line("kv_delete", pluvio_kv_delete("key/2"));
  line("kv_delete", pluvio_kv_delete("key/2"));
  line("kv_commit", pluvio_kv_commit());
  result("kv_get", pluvio_kv_get("key/4"));
  result("kv_get", pluvio_kv_get("key/2"));
  result("kv_list", pluvio_kv_list("key/", "", 3));
  result("kv_list", pluvio_kv_list("key/", "key/3", 3));
}

static void blobs(void) {
  char part[9];
  for (int i = 0; i < 3; i++) line("blob_write", pluvio_blob_write("b", i * 4, "rain", 4));
  line("blob_write", pluvio_blob_write("b", 99, "rain", 4));
  line("blob_size", pluvio_blob_size("b"));
  int32_t count = pluvio_blob_read("b", 6, part, sizeof part);
  line("blob_read", count);
  pluvio_output_write(part, count);
  result("blob_list", pluvio_blob_list("", "", 9));
  line("blob_delete", pluvio_blob_delete("b"));
  line("blob_delete", pluvio_blob_delete("b"));
}

static void time(void) {
  unsigned char random[4] = {0};
  int64_t before = pluvio_time_now();
  line("sleep", pluvio_sleep(250));
  line("time_now", pluvio_time_now() - before);
  line("random", pluvio_random(random, sizeof random));
  line("random", random[0] | random[1] << 8 | random[2] << 16);
  line("timer_set", pluvio_timer_set("once", 60000, "wake up", 7));
  line("timer_set", pluvio_timer_set("never", 60000, NULL, 0));
  line("timer_cancel", pluvio_timer_cancel("never"));
  line("cron_set", pluvio_cron_set("daily", "30 4 * * *", "tea", 3));
  line("cron_set", pluvio_cron_set("bad", "30 4 * *", "tea", 3));
  result("timer_list", pluvio_timer_list());
}

static void messages(void) {
  line("subscribe", pluvio_subscribe("weather.today"));
  line("publish", pluvio_publish("weather.today", "rain", 4));
  line("unsubscribe", pluvio_unsubscribe("weather.today"));
  line("send", pluvio_send("friend", "hello", 5));
  line("send", pluvio_send("stranger", "hello", 5));
  result("call", pluvio_call("friend", "how are you", 11, PLUVIO_FOREVER));
  result("call", pluvio_call("friend", "refuse", 6, 1000));
  line("call", pluvio_call("friend", "be silent", 9, 1000));
  line("reply", pluvio_reply("nobody asked", 12));
  for (int i = 0; i < 3; i++) {
    body("recv", pluvio_recv(PLUVIO_FOREVER));
    result("message_info", pluvio_message_info());
    line("reply", i == 0 ? pluvio_reply("thanks", 6) : i == 1 ? pluvio_reply_http("{\"status\":418}", "tea", 3) : pluvio_reply_error("no"));
    line("send", pluvio_send("friend", "got one", 7));
  }
  line("recv", pluvio_recv(5));
}

static void outside(void) {
  result("http_fetch", pluvio_http_fetch("{\"url\":\"https://api.example.com/rain\"}", NULL, 0));
  line_with("fetch_body", pluvio_fetch_body_length(), pluvio_fetch_body_read);
  result("http_fetch", pluvio_http_fetch("{\"url\":\"https://elsewhere.example/\"}", NULL, 0));
  line("checkpoint", pluvio_checkpoint());
}

PLUVIO_EXPORT(run) int run(void) {
  context();
  keys();
  blobs();
  time();
  messages();
  outside();
  return 7;
}
