//  Options of a call: more chances for what fails, what it comes after and where it runs, how long it may run; and work
//  that is given up.
#include <ipclient.h>
#include <unistd.h>

//  Fails every other time on its engine.
IPC_REMOTE(int, second_time, (int n))
{
    bool tried = ipc_ns_has("tried") && ipc_value_bool(ipc_ns_get("tried"));
    ipc_ns_set("tried", !tried);
    if (!tried)
        ipc_raise("NotYet", "%d came too early", n);
    return n;
}

//  What one task leaves on its engine, another finds there.
IPC_REMOTE(int64_t, prepare, (int64_t n))
{
    ipc_ns_set("prepared", n);
    return n;
}
IPC_REMOTE(int64_t, finish, (void)) { return 2 * ipc_value_i64(ipc_ns_get("prepared")); }

IPC_REMOTE(void, idle, (void)) { sleep(60); }

static void show(const char *title, ipc_result_t *result)
{
    printf("%-10s ", title);
    ipc_result_print(result, stdout);
    const ipc_error_t *error = ipc_result_error(result);
    if (error)
        printf("           %s\n", error->text);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    ipc_view_t *any = client ? ipc_balanced_view(client, NULL, &error) : NULL;
    ipc_view_t *one = any ? ipc_balanced_view(client, "0", &error) : NULL;
    if (!one)
        return ipc_error_print(&error, stderr), 1;

    ipc_result_t *late = ipc_apply_with(one, (&(ipc_options_t){.retries = 3}), second_time, 7);
    show("retries", late);
    printf("           it was started %d times\n", ipc_result_metadata(late, 0)->attempts);

    ipc_result_t *first = ipc_apply(any, prepare, 21);
    show("follow", ipc_apply_with(any, (&(ipc_options_t){.follow = ipc_follow(first)}), finish));
    show("after", ipc_apply_with(any, (&(ipc_options_t){.after = ipc_after(first, late)}), prepare, 8));
    show("needs", ipc_apply_with(any, (&(ipc_options_t){.needs = "unicorn=1"}), idle));
    show("run limit", ipc_apply_with(any, (&(ipc_options_t){.run_limit_ms = 50}), idle));

    ipc_result_t *unwanted = ipc_apply(any, idle);
    ipc_result_abort(unwanted);
    printf("%-10s ", "abort");
    ipc_result_print(unwanted, stdout);
    ipc_result_error(unwanted); // looked at: else it would be told at the end

    ipc_client_destroy(&client);
}
